/**
 * Says what is wrong with an upsert that the native parser refused. It reads the body by the request's
 * schema, so that every message has one source.
 */
import { defaultVectorName, type VectorSlot } from '../domain/collection.ts'
import type { CollectionView } from '../domain/directory.ts'
import {
  parseRequest,
  upsertPointsBatchSchema,
  upsertPointsListSchema
} from '../domain/schemas/index.ts'
import { EngineError } from '../errors/index.ts'
import type { ServiceLimits } from './context.ts'
import { parseJson } from './json.ts'
import { type JsonPath, readJson } from './json-reader.ts'
import { readPointId } from './points-write.ts'

/** @returns the error that a client is to see */
export function explainUpsert(
  body: Buffer,
  view: CollectionView,
  limits: ServiceLimits
): EngineError {
  try {
    const parsed = parseJson(body, limits.jsonDepth)
    const text = body.toString('utf8')
    checkUpsert(parsed, view.spec.vectors)
    // Plain numbers here: the schema of a vector knows no bigints.
    parseRequest(
      hasBatch(parsed) ? upsertPointsBatchSchema : upsertPointsListSchema,
      JSON.parse(text)
    )
    checkSpelling(text, hasBatch(parsed))
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
  if (hasBatch(body)) checkBatch(body, vectors)
  else if ('points' in body) checkPoints(body, vectors)
  else throw malformed('Invalid PointInsertOperations format')
}

function hasBatch(body: unknown): boolean {
  return typeof body === 'object' && body !== null && 'batch' in body && body.batch !== null
}

function checkModes(body: object): void {
  const mode = Reflect.get(body, 'update_mode') ?? 'upsert'
  const filter = Reflect.get(body, 'update_filter') ?? null
  const shardKey = Reflect.get(body, 'shard_key') ?? null
  if (filter !== null) throw unsupported('update_filter', 'leave it out')
  if (mode !== 'upsert') throw unsupported(`update_mode: ${String(mode)}`, 'use upsert')
  if (shardKey !== null) {
    throw new EngineError('MILLRACE_INPUT_INVALID', {
      reason: `Shard key ${String(shardKey)} not found`
    })
  }
}

function checkPoints(body: object, slots: readonly VectorSlot[]): void {
  const points = Reflect.get(body, 'points')
  // Told apart before the schema, whose unions would bury the reason.
  if (Array.isArray(points)) {
    points.forEach((point, index) => {
      if (typeof point !== 'object' || point === null) return
      if (!('id' in point)) throw malformed(`points[${index}]: missing field \`id\``)
      readPointId(point.id)
      if ('vector' in point && 'vectors' in point) {
        throw malformed(`points[${index}]: duplicate field \`vector\``)
      }
      checkVector(
        Reflect.get(point, 'vector') ?? Reflect.get(point, 'vectors'),
        `points[${index}].vector`,
        slots
      )
    })
  }
}

function checkVector(vector: unknown, path: string, slots: readonly VectorSlot[]): void {
  if (vector === undefined || vector === null) return
  if (Array.isArray(vector)) {
    checkDense(vector, path, defaultVectorName, slots)
    return
  }
  if (typeof vector !== 'object') throw malformed(`${path}: expected some form of vector`)
  // A vector may have any of these names; an inference object has a text or an object under it.
  if (['text', 'image', 'object'].some((name) => isInference(Reflect.get(vector, name)))) {
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

function isInference(value: unknown): boolean {
  return value !== undefined && value !== null && !Array.isArray(value)
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
  const slot = findSlot(name, slots)
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

function findSlot(name: string, slots: readonly VectorSlot[]): VectorSlot {
  const slot = slots.find((candidate) => candidate.name === name)
  if (slot === undefined) throw new EngineError('MILLRACE_VECTOR_NAME_UNKNOWN', { name })
  return slot
}

function checkBatch(body: object, slots: readonly VectorSlot[]): void {
  const { batch } = parseRequestLoosely(body)
  const ids = Reflect.get(batch, 'ids')
  const vectors = Reflect.get(batch, 'vectors')
  const payloads = Reflect.get(batch, 'payloads')
  if (!Array.isArray(ids)) return
  ids.forEach(readPointId)
  const lists: readonly (readonly [string, unknown])[] = Array.isArray(vectors)
    ? [[defaultVectorName, vectors]]
    : Object.entries(vectors ?? {})
  for (const [name, list] of lists) {
    if (!Array.isArray(list)) continue
    if (list.length !== ids.length) throw unequal('vectors', ids.length, list.length)
    list.forEach((vector, index) => {
      if (Array.isArray(vector)) checkDense(vector, `batch.vectors.${name}[${index}]`, name, slots)
    })
    // Of no points nothing is wrong, but a name that is spelled out is looked at.
    if (!Array.isArray(vectors)) findSlot(name, slots)
  }
  if (Array.isArray(payloads) && payloads.length !== ids.length)
    throw unequal('payloads', ids.length, payloads.length)
}

function parseRequestLoosely(body: object): { batch: object } {
  const batch = Reflect.get(body, 'batch')
  if (typeof batch !== 'object' || batch === null) throw malformed('batch: expected a map')
  return { batch }
}

/** What a parsed body no longer shows: members given twice, and ids with a sign, a fraction or an exponent. */
function checkSpelling(text: string, isBatch: boolean): void {
  const form = isBatch ? batchForm : listForm
  readJson(text, {
    number: (path, spelled) => {
      if (matches(path, form.id) && !/^\d+$/.test(spelled)) readPointId(spelled)
    },
    member: (path, name, isRepeated) => {
      if (!isRepeated) return
      const isOurs = form.members.some((pattern) => matches([...path, name], pattern))
      if (isOurs) throw malformed(`duplicate field \`${name}\``)
    }
  })
}

const bodyMembers = [['points'], ['batch'], ['update_mode'], ['update_filter'], ['shard_key']]

/** Where the ids and the members that mean something are; `*` stands for any step. */
const listForm = {
  id: ['points', '*', 'id'],
  members: [
    ...bodyMembers,
    ['points', '*', 'id'],
    ['points', '*', 'vector'],
    ['points', '*', 'vectors'],
    ['points', '*', 'payload'],
    ['points', '*', 'vector', '*'],
    ['points', '*', 'vectors', '*']
  ]
}
const batchForm = {
  id: ['batch', 'ids', '*'],
  members: [
    ...bodyMembers,
    ['batch', 'ids'],
    ['batch', 'vectors'],
    ['batch', 'payloads'],
    ['batch', 'vectors', '*']
  ]
}

function matches(path: JsonPath, pattern: readonly string[]): boolean {
  return (
    path.length === pattern.length &&
    pattern.every((step, index) => step === '*' || step === path[index])
  )
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
