/**
 * Says what is wrong with an upsert that the native parser refused. It reads the body by the request's
 * schema, so that every message has one source.
 */
import { type AnySlot, defaultVectorName, slotsOf } from '../domain/collection.ts'
import type { CollectionView } from '../domain/directory.ts'
import {
  parseRequest,
  upsertPointsBatchSchema,
  upsertPointsListSchema
} from '../domain/schemas/index.ts'
import { EngineError } from '../errors/index.ts'
import type { ServiceLimits } from './context.ts'
import {
  checkList,
  checkSparse,
  checkSpelledPoints,
  checkVector,
  findSlot,
  malformed
} from './explain-vectors.ts'
import { parseJson } from './json.ts'
import { refuseShardKey } from './operation-scope.ts'
import { readPointId } from './point-ids.ts'

/**
 * @param path  put before the places that errors name
 * @returns     the error that a client is to see
 */
export function explainUpsert(
  body: Buffer,
  view: CollectionView,
  limits: ServiceLimits,
  path = ''
): EngineError {
  try {
    const parsed = parseJson(body, limits.jsonDepth, 'lenient')
    const text = body.toString('utf8')
    checkUpsert(parsed, slotsOf(view.spec), path)
    // Plain numbers here: the schema of a vector knows no bigints.
    parseRequest(
      hasBatch(parsed) ? upsertPointsBatchSchema : upsertPointsListSchema,
      JSON.parse(text),
      path
    )
    checkSpelledPoints(text, hasBatch(parsed) ? batchForm : listForm)
  } catch (cause) {
    if (cause instanceof EngineError) return cause
    throw cause
  }
  return new EngineError('MILLRACE_INTERNAL', {
    reason: 'the parser refused a body in which nothing is wrong; please report it'
  })
}

function checkUpsert(body: unknown, vectors: readonly AnySlot[], path: string): void {
  if (typeof body !== 'object' || body === null || Array.isArray(body)) {
    throw malformed('invalid type: expected a map with `points` or `batch`')
  }
  refuseShardKey(Reflect.get(body, 'shard_key'))
  if (hasBatch(body)) checkBatch(body, vectors, path)
  else if ('points' in body) checkPoints(body, vectors, path)
  else throw malformed('Invalid PointInsertOperations format')
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
  ],
  named: [
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
  ],
  named: [['batch', 'vectors', '*', '*']]
}

function hasBatch(body: unknown): boolean {
  return typeof body === 'object' && body !== null && 'batch' in body && body.batch !== null
}

function checkPoints(body: object, slots: readonly AnySlot[], path: string): void {
  const points = Reflect.get(body, 'points')
  // Told apart before the schema, whose unions would bury the reason.
  if (Array.isArray(points)) {
    points.forEach((point, index) => {
      if (typeof point !== 'object' || point === null) return
      if (!('id' in point)) throw malformed(`${path}points[${index}]: missing field \`id\``)
      readPointId(point.id)
      if ('vector' in point && 'vectors' in point) {
        throw malformed(`${path}points[${index}]: duplicate field \`vector\``)
      }
      checkVector(
        Reflect.get(point, 'vector') ?? Reflect.get(point, 'vectors'),
        `${path}points[${index}].vector`,
        slots
      )
    })
  }
}

function checkBatch(body: object, slots: readonly AnySlot[], path: string): void {
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
    if (list.length !== ids.length)
      throw unequal(`${path}batch`, 'vectors', ids.length, list.length)
    list.forEach((vector, index) => {
      const place = `${path}batch.vectors.${name}[${index}]`
      const anyPlace = `${path}batch.vectors.?[${index}]`
      if (Array.isArray(vector)) checkList(vector, place, anyPlace, name, slots)
      else checkSparse(vector, anyPlace, name, slots)
    })
    // Of no points nothing is wrong, but a name that is spelled out is looked at.
    if (!Array.isArray(vectors)) findSlot(name, slots)
  }
  if (Array.isArray(payloads) && payloads.length !== ids.length)
    throw unequal(`${path}batch`, 'payloads', ids.length, payloads.length)
}

function parseRequestLoosely(body: object): { batch: object } {
  const batch = Reflect.get(body, 'batch')
  if (typeof batch !== 'object' || batch === null) throw malformed('batch: expected a map')
  return { batch }
}

function unequal(path: string, what: string, ids: number, found: number): EngineError {
  return new EngineError('MILLRACE_BODY_INVALID', {
    reason: `${path}: number of ids and ${what} must be equal (${ids} != ${found})`
  })
}
