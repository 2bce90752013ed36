/** Which records were rejected while nobody waited for their outcome. */
import type { RejectedRecord, RejectionReport } from '../src/domain/node-port.ts'
import type { RecordOutcome } from '../src/domain/ports.ts'
import { EngineError } from '../src/errors/index.ts'

/** Listed for the whole node; older ones are only counted. */
const listedMax = 1000

export class Rejections {
  /** Oldest first, but for the ones that have been overwritten: `next` is the oldest then. */
  private readonly listed: { readonly collectionId: bigint; readonly record: RejectedRecord }[] = []
  private next = 0
  private readonly counts = new Map<bigint, number>()

  /** Does nothing for a record that was applied. */
  note(collectionId: bigint, { shard, offset, rejection }: RecordOutcome): void {
    if (rejection === undefined) return
    this.counts.set(collectionId, (this.counts.get(collectionId) ?? 0) + 1)
    const { code, message } = new EngineError(rejection.code, rejection.details)
    const record = {
      shard,
      offset: offset.toString(),
      code,
      reason: message,
      rejectedMs: Date.now()
    }
    this.listed[this.next] = { collectionId, record }
    this.next = (this.next + 1) % listedMax
  }

  report(collectionId: bigint): RejectionReport {
    const newestLast = [...this.listed.slice(this.next), ...this.listed.slice(0, this.next)]
    return {
      count: this.counts.get(collectionId) ?? 0,
      newest: newestLast.flatMap((entry) =>
        entry.collectionId === collectionId ? [entry.record] : []
      )
    }
  }

  /** The collection is gone. */
  forget(collectionId: bigint): void {
    this.counts.delete(collectionId)
  }
}
