/**
 * Says what is wrong with an upsert that the native parser refused. It reads the body by the request's
 * schema, so that every message has one source.
 */
import { isLosslessNumber, parse as parseLossless } from 'lossless-json'
import { defaultVectorName, type VectorSlot } from '../domain/collection.ts'
import type { CollectionView } from '../domain/directory.ts'
import { pointIdFromJson } from '../domain/point-id.ts'
import {
  parseRequest,
  upsertPointsBatchSchema,
  upsertPointsListSchema
} from '../domain/schemas/index.ts'
import { EngineError } from '../errors/index.ts'
import type { ServiceLimits } from './context.ts'
import { parseJson } from './json.ts'
import { readPointId } from './points-write.ts'

/** @returns the error that a client is to see */
export function explainUpsert(
  body: Buffer,
  view: CollectionView,
  limits: ServiceLimits
): EngineError {
  try {
    checkUpsert(parseJson(body, limits.jsonDepth), view.spec.vectors)
    checkSpelling(body.toString('utf8'))
  } catch (cause) {
    if (cause instanceof EngineError) return cause
    throw cause
  }
  return new EngineError('MILLRACE_INTERNAL', {
    reason: 'the parser refused a body in which nothing is wrong; please report it'
  })
}

function checkUpsert(body: unknown, vectors: readonly VectorSlot[]): void {
  if (typeof body !== 'object' || body === null || Array.isArray(body)) {
    throw malformed('invalid type: expected a map with `points` or `batch`')
  }
  checkModes(body)
  if ('batch' in body && body.batch !== null) checkBatch(body, vectors)
  else if ('points' in body) checkPoints(body, vectors)
  else throw malformed('Invalid PointInsertOperations format')
}

function checkModes(body: object): void {
  const mode = Reflect.get(body, 'update_mode')
  const filter = Reflect.get(body, 'update_filter')
  const shardKey = Reflect.get(body, 'shard_key')
  if (isGiven(filter)) throw unsupported('update_filter', 'leave it out')
  if (isGiven(mode) && mode !== 'upsert')
    throw unsupported(`update_mode: ${String(mode)}`, 'use upsert')
  if (isGiven(shardKey)) {
    throw new EngineError('MILLRACE_INPUT_INVALID', {
      reason: `Shard key ${String(shardKey)} not found`
    })
  }
}

function isGiven(value: unknown): boolean {
  return value !== undefined && value !== null
}

function checkPoints(body: object, slots: readonly VectorSlot[]): void {
  const points = Reflect.get(body, 'points')
  // Told apart before the schema, whose unions would bury the reason.
  if (Array.isArray(points)) {
    points.forEach((point, index) => {
      if (typeof point !== 'object' || point === null) return
      if (!('id' in point)) throw malformed(`points[${index}]: missing field \`id\``)
      readPointId(point.id)
      if ('vector' in point && 'vectors' in point) throw malformed('duplicate field `vector`')
      checkVector(
        Reflect.get(point, 'vector') ?? Reflect.get(point, 'vectors'),
        `points[${index}].vector`,
        slots
      )
    })
  }
  parseRequest(upsertPointsListSchema, body)
}

function checkVector(vector: unknown, path: string, slots: readonly VectorSlot[]): void {
  if (vector === undefined || vector === null) return
  if (Array.isArray(vector)) {
    checkDense(vector, path, defaultVectorName, slots)
    return
  }
  if (typeof vector !== 'object') throw malformed(`${path}: expected some form of vector`)
  if ('text' in vector || 'image' in vector || 'object' in vector) {
    throw unsupported('server-side inference', 'send the vector itself')
  }
  for (const [name, value] of Object.entries(vector)) {
    if (!Array.isArray(value)) {
      throw unsupported(
        `${path}.${name}: a vector that is no list of numbers`,
        'send a dense vector'
      )
    }
    checkDense(value, `${path}.${name}`, name, slots)
  }
}

function checkDense(
  vector: readonly unknown[],
  path: string,
  name: string,
  slots: readonly VectorSlot[]
): void {
  if (vector.length === 0) {
    throw new EngineError('MILLRACE_BODY_INVALID', {
      reason: `${path}: dense vector must not be empty`
    })
  }
  const wrong = vector.findIndex(
    (component) => typeof component !== 'number' && typeof component !== 'bigint'
  )
  if (wrong >= 0) {
    const isMulti = Array.isArray(vector[wrong])
    if (isMulti) throw unsupported(`${path}: a multivector`, 'store one vector a point')
    throw malformed(`${path}[${wrong}]: invalid type, expected a number`)
  }
  const slot = slots.find((candidate) => candidate.name === name)
  if (slot === undefined) throw new EngineError('MILLRACE_VECTOR_NAME_UNKNOWN', { name })
  if (vector.length !== slot.size) {
    throw new EngineError('MILLRACE_VECTOR_DIMENSION_MISMATCH', {
      expected: slot.size,
      actual: vector.length
    })
  }
  if (vector.some((component) => !Number.isFinite(Math.fround(Number(component))))) {
    throw malformed(`${path}: number out of range`)
  }
}

function checkBatch(body: object, slots: readonly VectorSlot[]): void {
  const { batch } = parseRequestLoosely(body)
  const ids = Reflect.get(batch, 'ids')
  const vectors = Reflect.get(batch, 'vectors')
  const payloads = Reflect.get(batch, 'payloads')
  if (Array.isArray(ids))
    for (const id of ids) if (pointIdFromJson(id) === undefined) readPointId(id)
  const count = Array.isArray(ids) ? ids.length : 0
  const lists: readonly (readonly [string, unknown])[] = Array.isArray(vectors)
    ? [[defaultVectorName, vectors]]
    : Object.entries(vectors ?? {})
  for (const [name, list] of lists) {
    if (!Array.isArray(list)) continue
    if (list.length !== count) throw unequal('vectors', count, list.length)
    list.forEach((vector, index) => {
      if (Array.isArray(vector)) checkDense(vector, `batch.vectors.${name}[${index}]`, name, slots)
    })
  }
  if (Array.isArray(payloads) && payloads.length !== count)
    throw unequal('payloads', count, payloads.length)
  parseRequest(upsertPointsBatchSchema, body)
}

/** Finds what a parsed body no longer shows: a key given twice, and an id that is whole but not spelled so. */
function checkSpelling(text: string): void {
  const twice = keyGivenTwice(text)
  if (twice !== undefined) throw malformed(`duplicate field \`${twice}\``)
  // What it is made of was checked before; numbers keep their text.
  const body = parseLossless(text) as {
    readonly points?: readonly { readonly id: unknown }[]
    readonly batch?: { readonly ids: readonly unknown[] } | null
  }
  const ids = body.batch?.ids ?? body.points?.map(({ id }) => id) ?? []
  const wrong = ids.find((id) => isLosslessNumber(id) && !/^\d+$/.test(id.value))
  if (isLosslessNumber(wrong)) readPointId(wrong.value)
}

/** @param text  valid JSON */
function keyGivenTwice(text: string): string | undefined {
  const open: Set<string>[] = []
  for (const [token, key] of text.matchAll(
    /("[^"\\]*(?:\\.[^"\\]*)*")\s*:|"[^"\\]*(?:\\.[^"\\]*)*"|[{}]/g
  )) {
    if (token === '{') open.push(new Set())
    else if (token === '}') open.pop()
    else if (key !== undefined) {
      const name = String(JSON.parse(key))
      const seen = open.at(-1)
      if (seen?.has(name)) return name
      seen?.add(name)
    }
  }
  return undefined
}

function parseRequestLoosely(body: object): { batch: object } {
  const batch = Reflect.get(body, 'batch')
  if (typeof batch !== 'object' || batch === null) throw malformed('batch: expected a map')
  return { batch }
}

function unequal(what: string, ids: number, found: number): EngineError {
  return new EngineError('MILLRACE_BODY_INVALID', {
    reason: `batch: number of ids and ${what} must be equal (${ids} != ${found})`
  })
}

function malformed(reason: string): EngineError {
  return new EngineError('MILLRACE_BODY_MALFORMED', { reason })
}

function unsupported(option: string, remedy: string): EngineError {
  return new EngineError('MILLRACE_OPTION_UNSUPPORTED', { option, remedy })
}
