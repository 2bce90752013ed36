/** Turns messages of one partition into one record for each shard, and sets those aside that cannot be applied. */
import type { PointId } from '../domain/point-id.ts'
import type { WriteRecord } from '../domain/ports.ts'
import {
  encodeFrame,
  operationsSection,
  recordKinds,
  type SourceRange,
  sourceSection
} from '../domain/record/index.ts'
import { crc32c, parsePointMessages } from '../engine/index.ts'
import { encodeTargetOf, recordsOfIds } from '../service/index.ts'
import { explainPoint, type PointScope } from './explain-point.ts'
import type { MapMessage, SourceMessage } from './mapped-message.ts'
import { type Poison, poison } from './poison.ts'

export interface DeadLetter {
  readonly message: SourceMessage
  readonly poison: Poison
}

export interface Flush {
  readonly range: SourceRange
  /** One for each shard, in their order. */
  readonly records: readonly WriteRecord[]
  readonly deadLetters: readonly DeadLetter[]
  readonly points: number
  readonly deletes: number
}

/**
 * Every shard gets a record, also one that no point falls into: so each knows how far the source was read.
 *
 * @param messages  of `range`, rising
 * @returns         one flush; several that follow on each other when records would be larger than they may be
 */
export function encodeFlush(
  scope: PointScope,
  map: MapMessage,
  messages: readonly SourceMessage[],
  range: SourceRange
): Flush[] {
  const { frames, ...encoded } = encodeMessages(scope, map, messages)
  const records = scope.view.shards.map(({ shard }) => ({
    shard,
    frame: batchFrame(scope, frames.get(shard) ?? [], range)
  }))
  const fits = records.every(({ frame }) => frame.byteLength <= scope.limits.recordBytes)
  if (fits) return [{ range, records, ...encoded }]
  const only = messages[0]
  if (only === undefined || messages.length === 1) {
    // What a batch adds to a point is more than there is room for.
    const deadLetters = only === undefined ? [] : [{ message: only, poison: poison('TOO_LARGE') }]
    const empty = scope.view.shards.map(({ shard }) => ({
      shard,
      frame: batchFrame(scope, [], range)
    }))
    return [{ range, records: empty, deadLetters, points: 0, deletes: 0 }]
  }
  const half = messages.length >> 1
  const middle = messages[half]?.offset ?? range.next
  return [
    ...encodeFlush(scope, map, messages.slice(0, half), { ...range, next: middle }),
    ...encodeFlush(scope, map, messages.slice(half), { ...range, first: middle })
  ]
}

interface EncodedMessages {
  /** By shard, in the order of the messages. */
  readonly frames: ReadonlyMap<number, readonly Uint8Array[]>
  readonly deadLetters: readonly DeadLetter[]
  readonly points: number
  readonly deletes: number
}

/** Runs of points, and runs of deletes, become one operation each. */
function encodeMessages(
  scope: PointScope,
  map: MapMessage,
  messages: readonly SourceMessage[]
): EncodedMessages {
  const frames = new Map<number, Uint8Array[]>()
  const deadLetters: DeadLetter[] = []
  let points: PointMessage[] = []
  let ids: PointId[] = []
  let pointCount = 0
  let deletes = 0
  const add = (records: readonly WriteRecord[]) => {
    for (const { shard, frame } of records) {
      const list = frames.get(shard)
      if (list === undefined) frames.set(shard, [frame])
      else list.push(frame)
    }
  }
  const closePoints = () => {
    if (points.length === 0) return
    const { records, refused, count } = encodePoints(scope, points)
    pointCount += count
    deadLetters.push(...refused)
    add(records)
    points = []
  }
  const closeDeletes = () => {
    if (ids.length === 0) return
    deletes += ids.length
    add(recordsOfIds(scope, recordKinds.deletePoints, ids, {}))
    ids = []
  }
  for (const message of messages) {
    const mapped = map(message)
    if (mapped.kind === 'poison') deadLetters.push({ message, poison: mapped })
    if (mapped.kind === 'point') {
      closeDeletes()
      points.push({ message, text: mapped.text })
    }
    if (mapped.kind === 'delete') {
      closePoints()
      ids.push(mapped.id)
    }
  }
  closePoints()
  closeDeletes()
  deadLetters.sort((a, b) => (a.message.offset < b.message.offset ? -1 : 1))
  return { frames, deadLetters, points: pointCount, deletes }
}

interface PointMessage {
  readonly message: SourceMessage
  readonly text: Buffer
}

/** Points that are right are read once. When some are not, the others are read again without them, so that all keep their order. */
function encodePoints(scope: PointScope, points: readonly PointMessage[]) {
  const target = encodeTargetOf(scope.view, scope.limits)
  const texts = points.map(({ text }) => text)
  const { records, refused, points: count } = parsePointMessages(texts, target)
  if (refused.length === 0) return { records, refused: [], count }
  const deadLetters: DeadLetter[] = []
  const corrected = new Map<number, Buffer>()
  for (const index of refused) {
    const point = points[index]
    if (point === undefined) continue
    const explained = explainPoint(scope, point.text)
    if (Buffer.isBuffer(explained)) corrected.set(index, explained)
    else deadLetters.push({ message: point.message, poison: explained })
  }
  if (corrected.size === 0) return { records, refused: deadLetters, count }
  const bad = new Set(refused)
  const kept = texts.flatMap((text, index) => {
    const better = corrected.get(index)
    return better !== undefined ? [better] : bad.has(index) ? [] : [text]
  })
  const again = parsePointMessages(kept, target)
  return { records: again.records, refused: deadLetters, count: again.points }
}

function batchFrame(
  { view }: PointScope,
  frames: readonly Uint8Array[],
  range: SourceRange
): Uint8Array {
  return encodeFrame(
    {
      kind: recordKinds.batch,
      collectionId: view.id,
      schemaVersion: view.schemaVersion,
      count: frames.length,
      sections: [operationsSection(frames), sourceSection(range)]
    },
    crc32c
  )
}
