/**
 * A place that records come from and that is not ours: topics of users. Positions are theirs, rising and not dense.
 * A source is opened, read once from positions that its caller knows, and closed; whoever wants to read elsewhere opens another.
 */
export interface Source {
  /** Every partition of the topics, with the positions that it can be read from now. @throws MILLRACE_SOURCE_* */
  partitions(): Promise<readonly SourcePartition[]>
  /** The first positions with messages of that time or later; the end where there are none. */
  positionsAt(timeMs: number): Promise<readonly SourcePosition[]>
  /**
   * Reads on from these positions until the source is closed.
   *
   * @param onFailed  called once, when nothing more will come
   */
  read(options: {
    readonly positions: readonly SourcePosition[]
    readonly onBatch: (batch: SourceBatch) => void
    readonly onFailed: (cause: unknown) => void
  }): Promise<void>
  /** Stops reading a partition; what is on its way still comes. */
  pause(partition: PartitionName): void
  resume(partition: PartitionName): void
  /** Resolves when all are durable. */
  setAside(topic: string, letters: readonly DeadLetterRecord[]): Promise<void>
  close(): Promise<void>
}

export interface PartitionName {
  readonly topic: string
  readonly partition: number
}

export interface SourcePartition extends PartitionName {
  /** The oldest position that can be read. */
  readonly start: bigint
  /** The position after the newest message. */
  readonly end: bigint
}

export interface SourcePosition extends PartitionName {
  readonly position: bigint
}

export interface SourceBatch extends PartitionName {
  /** In order; the bytes belong to whoever gets the batch. */
  readonly messages: readonly SourceRecord[]
  /** The position after the last message, and after whatever the source passed over behind it. */
  readonly next: bigint
  readonly end: bigint
}

export interface SourceRecord {
  readonly offset: bigint
  readonly key: Buffer | null
  readonly value: Buffer | null
}

export interface DeadLetterRecord {
  /** Tells apart what was set aside twice. */
  readonly key: string
  readonly value: Buffer | null
  readonly headers: Readonly<Record<string, string | Buffer>>
}

export interface SourceSettings {
  readonly brokers: readonly string[]
  readonly topics: readonly string[]
  readonly deadLetterTopic: string
  /** Names this reader at the source. */
  readonly name: string
}

export type OpenSource = (settings: SourceSettings) => Promise<Source>
