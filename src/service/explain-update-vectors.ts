/** Says what is wrong with an update of vectors that the native parser refused. */
import { type AnySlot, slotsOf } from '../domain/collection.ts'
import type { CollectionView } from '../domain/directory.ts'
import { parseRequest, updateVectorsSchema } from '../domain/schemas/index.ts'
import { EngineError } from '../errors/index.ts'
import type { ServiceLimits } from './context.ts'
import { checkSpelledPoints, checkVector, malformed } from './explain-vectors.ts'
import { parseJson } from './json.ts'
import { refuseShardKey } from './operation-scope.ts'
import { readPointId } from './point-ids.ts'

/** @returns the error that a client is to see */
export function explainUpdateVectors(
  body: Buffer,
  view: CollectionView,
  limits: ServiceLimits,
  path: string
): EngineError {
  try {
    const parsed = parseJson(body, limits.jsonDepth, 'lenient')
    const text = body.toString('utf8')
    checkUpdate(parsed, slotsOf(view.spec), path)
    // Plain numbers here: the schema of a vector knows no bigints.
    parseRequest(updateVectorsSchema, JSON.parse(text), path)
    checkSpelledPoints(text, updateForm)
  } catch (cause) {
    if (cause instanceof EngineError) return cause
    throw cause
  }
  return new EngineError('MILLRACE_INTERNAL', {
    reason: 'the parser refused a body in which nothing is wrong; please report it'
  })
}

const updateForm = {
  id: ['points', '*', 'id'],
  members: [
    ['points'],
    ['update_filter'],
    ['shard_key'],
    ['points', '*', 'id'],
    ['points', '*', 'vector'],
    ['points', '*', 'vectors'],
    ['points', '*', 'vector', '*'],
    ['points', '*', 'vectors', '*']
  ],
  named: [
    ['points', '*', 'vector', '*'],
    ['points', '*', 'vectors', '*']
  ]
}

function checkUpdate(body: unknown, slots: readonly AnySlot[], path: string): void {
  if (typeof body !== 'object' || body === null || !('points' in body)) {
    throw malformed('missing field `points`')
  }
  refuseShardKey(Reflect.get(body, 'shard_key'))
  const { points } = body
  if (!Array.isArray(points)) return
  if (points.length === 0) throw invalid(`${path}points: must specify points to update`)
  points.forEach((point: unknown, index) => {
    if (typeof point !== 'object' || point === null) return
    const place = `${path}points[${index}]`
    if (!('id' in point)) throw malformed(`${place}: missing field \`id\``)
    readPointId(point.id)
    const vector = Reflect.get(point, 'vector') ?? Reflect.get(point, 'vectors')
    if (vector === undefined || vector === null)
      throw malformed(`${place}: missing field \`vector\``)
    if (typeof vector === 'object' && Object.keys(vector).length === 0) {
      throw invalid(`${place}.vector: must specify vectors to update for point`)
    }
    if ('vector' in point && 'vectors' in point) {
      throw malformed(`${place}: duplicate field \`vector\``)
    }
    checkVector(vector, `${place}.vector`, slots)
  })
}

function invalid(reason: string): EngineError {
  return new EngineError('MILLRACE_BODY_INVALID', { reason })
}
