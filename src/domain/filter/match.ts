import type { MetaValue } from '../record/index.ts'
import { isGiven, isObject, malformed } from './problems.ts'

type MatchMeta = { readonly [name: string]: MetaValue }

const textKinds = ['text', 'text_any', 'phrase', 'prefix'] as const
const listKinds = ['any', 'except'] as const
const int64Max = 0x7fff_ffff_ffff_ffffn
const int64Min = -0x8000_0000_0000_0000n

/** Reads a `match`; when several kinds stand in it the first in the order below counts. */
export function readMatch(value: unknown, path: string): MatchMeta {
  if (!isObject(value)) throw malformed(path, 'invalid type, expected a map')
  if (isGiven(value['value'])) return { value: readScalar(value['value'], `${path}.value`) }
  const text = textKinds.find((kind) => isGiven(value[kind]))
  if (text !== undefined) return { [text]: readText(value[text], `${path}.${text}`) }
  const list = listKinds.find((kind) => isGiven(value[kind]))
  if (list !== undefined) return { [list]: readList(value[list], `${path}.${list}`) }
  throw malformed(path, 'expected one of value, text, text_any, phrase, prefix, any, except')
}

function readScalar(value: unknown, path: string): MetaValue {
  if (typeof value === 'string' || typeof value === 'boolean') return value
  return readInteger(value, path, 'a string, an integer or a boolean')
}

function readText(value: unknown, path: string): string {
  if (typeof value === 'string') return value
  throw malformed(path, 'invalid type, expected a string')
}

function readList(value: unknown, path: string): MetaValue {
  if (!Array.isArray(value)) throw malformed(path, 'invalid type, expected a list')
  const items: readonly unknown[] = value
  if (typeof items[0] === 'string') {
    if (items.every((item) => typeof item === 'string')) return items
    throw malformed(path, 'expected strings only or integers only')
  }
  return items.map((item) => readInteger(item, path, 'strings only or integers only'))
}

/** @returns the integer as a bigint where a number would be packed as a float */
function readInteger(value: unknown, path: string, expected: string): number | bigint {
  if (typeof value === 'bigint' && value >= int64Min && value <= int64Max) return value
  if (typeof value === 'number' && Number.isSafeInteger(value)) {
    // A minus before a zero is not part of an integer.
    return Math.abs(value) <= 0x7fff_ffff ? value + 0 : BigInt(value)
  }
  throw malformed(path, `invalid value \`${String(value)}\`, expected ${expected}`)
}
