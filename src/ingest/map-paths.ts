/** Puts a point together from the parts of a message that paths lead to. */
import type { IngestMapping } from '../domain/ingest.ts'
import { type MessagePath, parseMessagePath } from '../domain/message-path.ts'
import { jsonMembers } from '../engine/index.ts'
import { EngineError } from '../errors/index.ts'
import type { MappedMessage } from './mapped-message.ts'
import { idText, readIdText } from './point-id-text.ts'
import { poison } from './poison.ts'
import { textAt } from './text-at.ts'

export interface PointPaths {
  readonly id: MessagePath
  readonly keyId: MessagePath['steps']
  /** One path is the unnamed vector's. */
  readonly vector: MessagePath | readonly (readonly [string, MessagePath])[] | undefined
  readonly payload: MessagePath | readonly (readonly [string, MessagePath])[] | undefined
  /** Members of the value that other paths begin with. */
  readonly taken: ReadonlySet<string>
}

/** @throws MILLRACE_INGEST_INVALID naming the path that is none */
export function pointPathsOf(mapping: IngestMapping): PointPaths {
  const id = pathOf('mapping.id', mapping.id)
  const vector = pathsOf('mapping.vector', mapping.vector)
  const keyId = mapping.key_id === undefined ? id : pathOf('mapping.key_id', mapping.key_id)
  const vectors =
    vector === undefined ? [] : 'root' in vector ? [vector] : vector.map(([, path]) => path)
  const first = [id, ...vectors].flatMap(({ root, steps }) =>
    root === 'value' && typeof steps[0] === 'string' ? [steps[0]] : []
  )
  const payload = pathsOf('mapping.payload', mapping.payload)
  return { id, keyId: keyId.steps, vector, payload, taken: new Set(first) }
}

/**
 * @param root      the object that paths start from
 * @param key       JSON text of the key, when there is one
 */
export function mapPaths(
  root: Buffer,
  key: Buffer | undefined,
  paths: PointPaths,
  depthMax: number
): MappedMessage {
  const find = (path: MessagePath) => {
    const text = path.root === 'key' ? key : root
    return text && textAt(text, path.steps, depthMax)
  }
  const idFound = find(paths.id)
  const id = idFound && readIdText(idFound.toString('utf8'))
  if (id === undefined) {
    return poison('BAD_ID', idFound ? `${shown(idFound)} is no id` : 'there is no id')
  }
  const parts: (Buffer | string)[] = [`{"id":${idText(id)}`]
  if (paths.vector !== undefined) parts.push(',"vector":', ...vectorParts(paths.vector, find))
  const payload = payloadParts(paths, root, find, depthMax)
  if (payload === undefined) return poison('BAD_PAYLOAD', 'the payload is no object')
  parts.push(',"payload":', ...payload, '}')
  return { kind: 'point', text: joined(parts) }
}

type Find = (path: MessagePath) => Buffer | undefined

function vectorParts(vector: NonNullable<PointPaths['vector']>, find: Find): (Buffer | string)[] {
  if ('root' in vector) {
    const found = find(vector)
    return [found === undefined ? 'null' : unquoted(found)]
  }
  const given = vector.flatMap(([name, path]) => {
    const found = find(path)
    return found === undefined ? [] : [[name, unquoted(found)] as const]
  })
  return membersOf(given)
}

function payloadParts(
  { payload, taken }: PointPaths,
  root: Buffer,
  find: Find,
  depthMax: number
): (Buffer | string)[] | undefined {
  if (payload === undefined) {
    const members = jsonMembers(root, depthMax)
    return members && membersOf([...members].filter(([name]) => !taken.has(name)))
  }
  if ('root' in payload) return [find(payload) ?? 'null']
  return membersOf(
    payload.flatMap(([name, path]) => {
      const found = find(path)
      return found === undefined ? [] : [[name, found] as const]
    })
  )
}

function membersOf(members: readonly (readonly [string, Buffer])[]): (Buffer | string)[] {
  const parts = members.flatMap(([name, text], index) => [
    `${index === 0 ? '' : ','}${JSON.stringify(name)}:`,
    text
  ])
  return ['{', ...parts, '}']
}

/** Databases hand out vectors as texts: `"[1,2]"` stands for `[1,2]`. */
function unquoted(text: Buffer): Buffer {
  if (text[0] !== 0x22) return text
  const inner: unknown = JSON.parse(text.toString('utf8'))
  return typeof inner === 'string' && /^\s*\[[-+\d.,eE\s]*\]\s*$/.test(inner)
    ? Buffer.from(inner)
    : text
}

function joined(parts: readonly (Buffer | string)[]): Buffer {
  return Buffer.concat(parts.map((part) => (typeof part === 'string' ? Buffer.from(part) : part)))
}

function shown(text: Buffer): string {
  return text.toString('utf8').slice(0, 80)
}

function pathOf(place: string, text: string): MessagePath {
  const path = parseMessagePath(text)
  if (path === undefined) {
    throw new EngineError('MILLRACE_INGEST_INVALID', { reason: `${place}: \`${text}\` is no path` })
  }
  return path
}

function pathsOf(place: string, given: IngestMapping['payload']) {
  if (given === undefined) return undefined
  if (typeof given === 'string') return pathOf(place, given)
  return Object.entries(given).map(([name, text]): readonly [string, MessagePath] => [
    name,
    pathOf(`${place}.${name}`, text)
  ])
}
