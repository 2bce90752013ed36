/** What the records of ingests did to a collection, read from its log by the rules of docs/reference/log-format.md. */
import { join } from 'node:path'
import {
  decodeFrame,
  type Frame,
  readIds,
  readOperations,
  readSource,
  recordKinds,
  sealFrame,
  sectionKinds
} from '../../src/domain/record/index.ts'
import { crc32c } from '../../src/engine/index.ts'
import { inspectRecords } from '../../streams/index.ts'

export interface SourcedShard {
  /** By `topic/partition`. */
  readonly positions: ReadonlyMap<string, bigint>
  /** Payloads of applied upserts, in order. */
  readonly payloads: readonly string[]
  readonly deletes: number
  /** Records that came again, and those that came too early. */
  readonly repeated: number
  readonly early: number
}

/** @param data  the data folder of a node that does not run */
export async function sourcedShard(
  data: string,
  topic: string,
  shard: number
): Promise<SourcedShard> {
  const positions = new Map<string, bigint>()
  const payloads: string[] = []
  let deletes = 0
  let repeated = 0
  let early = 0
  const folder = join(data, 'log')
  for await (const item of inspectRecords({ folder, crc32c, topic })) {
    if (item.kind === 'damage') throw new Error(`${item.file} is damaged: ${item.reason}`)
    if (item.kind !== 'record' || item.partition !== shard) continue
    const frame = decodeFrame(item.bytes.slice(), crc32c, item.offset)
    const source = readSource(frame)
    if (source === undefined) continue
    const key = `${source.topic}/${source.partition}`
    const position = positions.get(key) ?? source.first
    if (source.first !== position) {
      if (source.first < position) repeated += 1
      else early += 1
      continue
    }
    positions.set(key, source.next)
    for (const operation of operationsOf(frame)) {
      if (operation.kind === recordKinds.upsert) payloads.push(...payloadsOf(operation))
      else deletes += idsOf(operation).length
    }
  }
  return { positions, payloads, deletes, repeated, early }
}

function operationsOf(frame: Frame): Frame[] {
  const section = frame.sections.find(({ kind }) => kind === sectionKinds.operations)
  const seal = { producerId: 1n, sequence: 1n, writerEpoch: 1 }
  return (section === undefined ? [] : readOperations(section)).map((bytes) =>
    decodeFrame(sealFrame(bytes.slice(), seal, crc32c), crc32c)
  )
}

function idsOf(frame: Frame) {
  const section = frame.sections.find(({ kind }) => kind === sectionKinds.ids)
  return section === undefined ? [] : readIds(section)
}

function payloadsOf(frame: Frame): string[] {
  const bytes = frame.sections.find(({ kind }) => kind === sectionKinds.payload)?.bytes
  if (bytes === undefined) return []
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const text = Buffer.from(bytes.subarray(4 * (frame.count + 1)))
  return Array.from({ length: frame.count }, (_, row) =>
    text.toString('utf8', view.getUint32(4 * row, true), view.getUint32(4 * (row + 1), true))
  )
}
