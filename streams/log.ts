/**
 * The log as the rest of the house sees it. It knows bytes, topics, partitions and offsets, and
 * nothing of vectors. Offsets rise but need not be dense: "caught up" compares `nextOffset`.
 *
 * Every method rejects with an `EngineError` whose code starts with `MILLRACE_LOG_`.
 */
export interface Log {
  readonly driver: string

  /** Makes a topic durable; does nothing when it exists with as many partitions. */
  createTopic(topic: string, options: { readonly partitions: number }): Promise<void>

  /** Removes a topic and its records; does nothing when there is none. Readers waiting on it are rejected. */
  deleteTopic(topic: string): Promise<void>

  topics(): Promise<readonly TopicInfo[]>

  /**
   * Appends records, in order, as one unit of durability.
   *
   * @returns one offset per record; it resolves when all of them are durable at the configured level
   * @throws MILLRACE_LOG_RECORD_TOO_LARGE, MILLRACE_LOG_OVERLOADED before anything is written;
   *         MILLRACE_LOG_FULL, MILLRACE_LOG_FAILED when none of them will ever be read
   */
  append(topic: string, partition: number, records: readonly Uint8Array[]): Promise<BigUint64Array>

  /**
   * Reads durable records from `from` on: at least one when there is any, then as many as fit into `maxBytes`.
   *
   * @throws MILLRACE_LOG_OFFSET_OUT_OF_RANGE below the start or beyond the end; MILLRACE_LOG_CORRUPT with file and position
   */
  read(topic: string, partition: number, from: bigint, options: ReadOptions): Promise<LogBatch>

  /** Resolves true once there is a record at or after `from`, false when `timeoutMs` or the signal ends the wait. */
  waitForMore(
    topic: string,
    partition: number,
    from: bigint,
    options?: WaitOptions
  ): Promise<boolean>

  /** @returns the first offset kept and the offset that the next durable record will have or exceed */
  ends(topic: string, partition: number): Promise<LogEnds>

  /** @returns the first offset appended at or after `timeMs`, or the end */
  offsetAt(topic: string, partition: number, timeMs: number): Promise<bigint>

  /** Allows everything below `offset` to be forgotten; whole log segments go. */
  trimBefore(topic: string, partition: number, offset: bigint): Promise<void>

  /** Waits for appends under way, then releases every file. */
  close(): Promise<void>
}

export interface TopicInfo {
  readonly topic: string
  readonly partitions: number
}

export interface ReadOptions {
  readonly maxBytes: number
}

export interface WaitOptions {
  readonly timeoutMs?: number
  readonly signal?: AbortSignal
}

export interface LogEnds {
  readonly start: bigint
  readonly end: bigint
}

/** A run of records in one buffer, so that it can be handed to native code without an object per record. */
export interface LogBatch {
  /** The records' bytes, one after the other, each starting 8-byte aligned. Not to be changed. */
  readonly bytes: Uint8Array
  readonly count: number
  /** u64[count] */
  readonly offsets: BigUint64Array
  /** u32[count]: where each record starts in `bytes` */
  readonly positions: Uint32Array
  /** u32[count]: length of each record */
  readonly lengths: Uint32Array
  /** f64[count]: milliseconds since 1970, assigned by the log, never falling */
  readonly appendTimesMs: Float64Array
  /** Where to read on. */
  readonly nextOffset: bigint
  /** The durable end when this batch was read. */
  readonly endOffset: bigint
}
