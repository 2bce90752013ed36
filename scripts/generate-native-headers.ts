/**
 * Writes the C++ headers that come from TypeScript: `errc.generated.h` from the error table and
 * `record_layout.generated.h` from the record layout. `npm run generate` runs it; a contract test
 * compares the committed files with what it returns.
 */

import * as layout from '../src/domain/record/layout.ts'
import { type ErrorSpec, errorSpecs } from '../src/errors/codes.ts'

export function generatedHeaders(): ReadonlyMap<string, string> {
  return new Map([
    ['native/core/include/millrace/errc.generated.h', errcHeader()],
    ['native/core/include/millrace/record_layout.generated.h', layoutHeader()]
  ])
}

function errcHeader(): string {
  const entries = Object.entries<ErrorSpec>(errorSpecs)
    .flatMap(([code, spec]) => (spec.native === undefined ? [] : [{ code, value: spec.native }]))
    .sort((a, b) => a.value - b.value)
  const members = entries.map(({ code, value }) => `  ${errcName(code)} = ${value},`)
  return [
    '// Generated from src/errors/codes.ts by `npm run generate`. Do not edit.',
    '#pragma once',
    '',
    '#include <cstdint>',
    '',
    'namespace millrace {',
    '',
    '/// Failures that the engine itself can name; each is a code of the one error table.',
    'enum class Errc : std::uint16_t {',
    '  ok = 0,',
    ...members,
    '};',
    '',
    '}  // namespace millrace',
    ''
  ].join('\n')
}

function errcName(code: string): string {
  return code.replace(/^MILLRACE_/, '').toLowerCase()
}

const cppTypes = {
  u8: 'std::uint8_t',
  u16: 'std::uint16_t',
  u32: 'std::uint32_t',
  u64: 'std::uint64_t'
}

function layoutHeader(): string {
  const lines = [
    '// Generated from src/domain/record/layout.ts by `npm run generate`. Do not edit.',
    '#pragma once',
    '',
    '#include <cstddef>',
    '#include <cstdint>',
    '',
    'namespace millrace::layout {',
    '',
    `inline constexpr std::uint32_t kFrameMagic = 0x${layout.frameMagic.toString(16)}U;`,
    `inline constexpr std::uint16_t kFrameVersion = ${layout.frameVersion};`,
    `inline constexpr std::size_t kHeaderBytes = ${layout.headerBytes};`,
    `inline constexpr std::size_t kSectionEntryBytes = ${layout.sectionEntryBytes};`,
    `inline constexpr std::size_t kSectionAlignment = ${layout.sectionAlignment};`,
    `inline constexpr std::uint16_t kOptionalSectionBit = 0x${layout.optionalSectionBit.toString(16)};`,
    '',
    '/// Where a field stands and how wide it is.',
    'template <typename T, std::size_t At>',
    'struct Field {',
    '  using type = T;',
    '  static constexpr std::size_t at = At;',
    '};',
    '',
    'namespace header {',
    ...layout.headerFields.map(fieldAlias),
    '}  // namespace header',
    '',
    'namespace section {',
    ...layout.sectionFields.map(fieldAlias),
    '}  // namespace section',
    '',
    enumClass('RecordKind', 'std::uint8_t', layout.recordKinds),
    enumClass('SectionKind', 'std::uint16_t', layout.sectionKinds),
    enumClass('IdEncoding', 'std::uint16_t', layout.idEncodings),
    enumClass('VectorEncoding', 'std::uint16_t', layout.vectorEncodings),
    enumClass('SparseEncoding', 'std::uint16_t', layout.sparseEncodings),
    enumClass('PayloadEncoding', 'std::uint16_t', layout.payloadEncodings),
    enumClass('MetaEncoding', 'std::uint16_t', layout.metaEncodings),
    '}  // namespace millrace::layout',
    ''
  ]
  return lines.join('\n')
}

function fieldAlias(field: layout.Field): string {
  return `using ${snake(field.name)} = Field<${cppTypes[field.type]}, ${field.at}>;`
}

function enumClass(name: string, type: string, members: Readonly<Record<string, number>>): string {
  const body = Object.entries(members).map(([key, value]) => `  ${snake(key)} = ${value},`)
  return [`enum class ${name} : ${type} {`, ...body, '};', ''].join('\n')
}

function snake(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)
}
