/** Where writers wait for what apply made of their records, keyed by partition and sequence. */
import type { RecordOutcome } from '../src/domain/ports.ts'
import type { EngineError } from '../src/errors/index.ts'

interface Waiter {
  readonly resolve: (outcome: RecordOutcome) => void
  readonly reject: (error: EngineError) => void
}

export class OutcomeBoard {
  private readonly partitions = new Map<string, Map<bigint, Waiter>>()
  private readonly closed = new Map<string, EngineError>()

  /** To be called before the record is appended, so that no outcome can be missed. */
  expect(partitionKey: string, sequence: bigint): Promise<RecordOutcome> {
    const closedBy = this.closed.get(partitionKey)
    if (closedBy !== undefined) return Promise.reject(closedBy)
    return new Promise((resolve, reject) => {
      const waiters = this.partitions.get(partitionKey) ?? new Map<bigint, Waiter>()
      this.partitions.set(partitionKey, waiters.set(sequence, { resolve, reject }))
    })
  }

  deliver(partitionKey: string, sequence: bigint, outcome: RecordOutcome): void {
    const waiters = this.partitions.get(partitionKey)
    const waiter = waiters?.get(sequence)
    if (waiters === undefined || waiter === undefined) return
    waiters.delete(sequence)
    waiter.resolve(outcome)
  }

  /** Gives up on records that will never be applied here: their append failed. */
  forget(partitionKey: string, sequences: readonly bigint[], error: EngineError): void {
    const waiters = this.partitions.get(partitionKey)
    for (const sequence of sequences) {
      const waiter = waiters?.get(sequence)
      waiters?.delete(sequence)
      waiter?.reject(error)
    }
  }

  /**
   * Gives up on a partition that nothing is applied of any more, also for those who come later: a gateway may have
   * sent a write before it knew.
   */
  closePartition(partitionKey: string, error: EngineError): void {
    this.dropPartition(partitionKey, error)
    this.closed.set(partitionKey, error)
  }

  /** Gives up on a whole partition: its collection is gone, or the node stops. */
  dropPartition(partitionKey: string, error: EngineError): void {
    this.closed.delete(partitionKey)
    const waiters = this.partitions.get(partitionKey)
    this.partitions.delete(partitionKey)
    for (const waiter of waiters?.values() ?? []) waiter.reject(error)
  }
}

export function partitionKeyOf(topic: string, partition: number): string {
  return `${topic}/${partition}`
}
