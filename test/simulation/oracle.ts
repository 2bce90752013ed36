/** Reads the whole log once everything is quiet, and says what must have come of it. */
import { decodeFrame, recordKinds } from '../../src/domain/record/index.ts'
import type { MemoryStore } from '../../streams/index.ts'
import { crc32c, MemoryLog } from '../../streams/index.ts'
import { decodeWrite } from './sim-record.ts'

interface Change {
  readonly offset: number
  readonly value: string | null
}

export interface ShardHistory {
  readonly end: number
  /** By point: its changes in log order. */
  readonly changes: ReadonlyMap<number, readonly Change[]>
  /** Operations that took effect, each with its first offset. */
  readonly operations: ReadonlyMap<string, number>
}

/** A second, plainer reading of the rules than the shard's: of each producer only rising sequences count. */
export async function historyOf(
  store: MemoryStore,
  topic: string,
  partition: number
): Promise<ShardHistory> {
  const log = new MemoryLog({ store })
  const changes = new Map<number, Change[]>()
  const operations = new Map<string, number>()
  const sequences = new Map<bigint, bigint>()
  let hasSchema = false
  const { end } = await log.ends(topic, partition)
  for (let from = 0n; from < end; ) {
    const batch = await log.read(topic, partition, from, { maxBytes: 1 << 24 })
    batch.offsets.forEach((found, index) => {
      const offset = Number(found)
      const start = batch.positions[index] ?? 0
      const bytes = batch.bytes.slice(start, start + (batch.lengths[index] ?? 0))
      const frame = decodeFrame(bytes, crc32c, found)
      if ((sequences.get(frame.producerId) ?? 0n) >= frame.sequence) return
      sequences.set(frame.producerId, frame.sequence)
      if (frame.kind === recordKinds.schema) hasSchema = true
      const write = decodeWrite(frame)
      if (write === undefined || !hasSchema) return
      // A request that the network doubled is a write of its own.
      if (!operations.has(write.operation)) operations.set(write.operation, offset)
      for (const id of write.ids)
        changes.set(id, [...(changes.get(id) ?? []), { offset, value: write.value }])
    })
    from = batch.nextOffset
  }
  return { end: Number(end), changes, operations }
}

/** @returns the value of a point before an offset */
export function valueAt({ changes }: ShardHistory, id: number, nextOffset: number): string | null {
  return changes.get(id)?.findLast(({ offset }) => offset < nextOffset)?.value ?? null
}
