import { existsSync, readFileSync } from 'node:fs'
import { parse as parseYaml } from 'yaml'
import { EngineError } from '../errors/index.ts'
import type { ConfigField } from './field.ts'
import { type Config, type ConfigPath, type ConfigSources, configFields } from './schema.ts'

export interface LoadedConfig {
  readonly config: Config
  readonly sources: ConfigSources
  /** What is left of the arguments once flags are taken out. */
  readonly positionals: readonly string[]
}

type Source = ConfigSources[ConfigPath]
const fields: Readonly<Record<string, ConfigField>> = configFields
export const configFileDefault = 'millrace.yaml'

/**
 * Reads flags, environment and file, in this order of precedence.
 *
 * @param args  the process's arguments without `node` and the script
 * @throws      MILLRACE_CONFIG_INVALID naming the value and what would be right
 */
export function loadConfig(
  args: readonly string[],
  environment: Readonly<Record<string, string | undefined>>
): LoadedConfig {
  const { flags, positionals, file } = readFlags(args)
  const layers: readonly (readonly [Source, ReadonlyMap<string, unknown>])[] = [
    ['flag', flags],
    ['environment', readEnvironment(environment)],
    ['file', readFile(file ?? environment['MILLRACE_CONFIG'])]
  ]
  const values: Record<string, unknown> = {}
  const sources: Record<string, Source> = {}
  for (const [path, field] of Object.entries(fields)) {
    const layer = layers.find(([, found]) => found.has(path))
    values[path] = layer === undefined ? field.default : convert(path, field, layer[1].get(path))
    sources[path] = layer?.[0] ?? 'default'
  }
  // Every path of configFields was given a value of its kind above.
  return { config: Object.freeze(values) as Config, sources: sources as ConfigSources, positionals }
}

function readFlags(args: readonly string[]) {
  const flags = new Map<string, unknown>()
  const positionals: string[] = []
  let file: string | undefined
  for (let index = 0; index < args.length; index++) {
    const argument = args[index] ?? ''
    if (!argument.startsWith('--')) {
      positionals.push(argument)
      continue
    }
    const [name = '', inline] = splitOnce(argument.slice(2), '=')
    const value = inline ?? args[++index]
    if (value === undefined) throw invalid(`--${name} needs a value`)
    if (name === 'config') file = value
    else flags.set(pathOfFlag(name), value)
  }
  return { flags, positionals, file }
}

function pathOfFlag(name: string): string {
  const path = Object.keys(fields).find((key) => key === name || fields[key]?.flag === name)
  if (path === undefined) {
    const known = Object.entries(fields).flatMap(([key, { flag }]) => (flag ? [flag, key] : [key]))
    throw invalid(`unknown option --${name}${suggestion(name, known, '--')}; see millrace --help`)
  }
  return path
}

function readEnvironment(environment: Readonly<Record<string, string | undefined>>) {
  const found = new Map<string, unknown>()
  for (const [path, { env }] of Object.entries(fields)) {
    const value = environment[env]
    if (value !== undefined && value !== '') found.set(path, value)
  }
  return found
}

function readFile(named: string | undefined): ReadonlyMap<string, unknown> {
  const file = named ?? configFileDefault
  if (named === undefined && !existsSync(file)) return new Map()
  try {
    return flatten(parseYaml(readFileSync(file, 'utf8')) ?? {}, '', file)
  } catch (cause) {
    if (cause instanceof EngineError) throw cause
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw new EngineError(
      'MILLRACE_CONFIG_INVALID',
      { reason: `${file} cannot be read: ${reason}` },
      { cause }
    )
  }
}

function flatten(node: unknown, prefix: string, file: string): Map<string, unknown> {
  if (typeof node !== 'object' || node === null || Array.isArray(node)) {
    throw invalid(`${file}: ${prefix === '' ? 'the file' : `\`${prefix}\``} must be a map`)
  }
  const found = new Map<string, unknown>()
  for (const [key, value] of Object.entries(node)) {
    const path = prefix === '' ? key : `${prefix}.${key}`
    const isGroup = Object.keys(fields).some((known) => known.startsWith(`${path}.`))
    if (path in fields) found.set(path, value)
    else if (isGroup) for (const [inner, leaf] of flatten(value, path, file)) found.set(inner, leaf)
    else
      throw invalid(`${file}: unknown key \`${path}\`${suggestion(path, Object.keys(fields), '')}`)
  }
  return found
}

function convert(path: string, field: ConfigField, value: unknown): string | number | boolean {
  const text = String(value).trim()
  const shown = field.isSecret ? 'a secret' : `\`${text}\``
  const wrong = (expected: string) => invalid(`${path} is ${shown}, but must be ${expected}`)
  if (field.kind === 'string') {
    if (text === '') throw wrong('a text')
    if (field.pattern?.test(text) === false) throw wrong(`like ${field.pattern.source}`)
    return text
  }
  if (field.kind === 'json') {
    const json = jsonText(value)
    if (json === undefined) throw wrong('a map')
    return json
  }
  if (field.kind === 'choice') {
    if (!field.choices?.includes(text)) throw wrong(`one of ${field.choices?.join(', ')}`)
    return text
  }
  if (field.kind === 'boolean') {
    if (!/^(true|false)$/.test(text)) throw wrong('true or false')
    return text === 'true'
  }
  const number = field.kind === 'bytes' ? parseBytes(text) : Number(text)
  const { minimum = 0, maximum = Number.MAX_SAFE_INTEGER } = field
  if (text === '' || !Number.isInteger(number) || number < minimum || number > maximum) {
    throw wrong(
      `a whole number from ${minimum} to ${maximum}${field.kind === 'bytes' ? ' (KiB, MiB, GiB may follow)' : ''}`
    )
  }
  return number
}

/** @returns the text of a JSON object, given as one or as a map of the file */
function jsonText(value: unknown): string | undefined {
  try {
    const parsed: unknown = typeof value === 'string' ? JSON.parse(value) : value
    const isMap = typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed)
    return isMap ? JSON.stringify(parsed) : undefined
  } catch {
    return undefined
  }
}

const byteUnits: Readonly<Record<string, number>> = {
  '': 1,
  kib: 2 ** 10,
  mib: 2 ** 20,
  gib: 2 ** 30
}

function parseBytes(text: string): number {
  const match = /^(\d+)\s*(|kib|mib|gib)$/i.exec(text)
  return match === null
    ? Number.NaN
    : Number(match[1]) * (byteUnits[(match[2] ?? '').toLowerCase()] ?? 1)
}

function invalid(reason: string): EngineError {
  return new EngineError('MILLRACE_CONFIG_INVALID', { reason })
}

function suggestion(name: string, known: readonly string[], prefix: string): string {
  const nearest = [...known].sort((a, b) => editDistance(name, a) - editDistance(name, b))[0]
  const isNear =
    nearest !== undefined && editDistance(name, nearest) <= Math.max(2, name.length / 3)
  return isNear ? `, did you mean ${prefix}${nearest}?` : ''
}

/** Levenshtein distance; the words are short. */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index)
  for (let i = 1; i <= a.length; i++) {
    const next = [i]
    for (let j = 1; j <= b.length; j++) {
      const replaced = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1)
      next.push(Math.min((row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1, replaced))
    }
    row = next
  }
  return row[b.length] ?? 0
}

function splitOnce(text: string, separator: string): readonly [string, string | undefined] {
  const index = text.indexOf(separator)
  return index < 0 ? [text, undefined] : [text.slice(0, index), text.slice(index + 1)]
}
