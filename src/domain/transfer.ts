/** How the state of a shard gets from one node to another. */

/** One shard of one generation of a collection. */
export interface ShardAddress {
  readonly collectionId: bigint
  readonly generation: number
  readonly shard: number
}

/** A node says that it has a shard whole. */
export interface TransferOffer {
  readonly peerId: number
  readonly nextOffset: bigint
}

/** A state that a node holds still, to be read chunk by chunk. */
export interface TransferSnapshot {
  /** Names it on the node that has it. */
  readonly id: string
  /** The next record to apply after it. */
  readonly nextOffset: bigint
  readonly points: number
}

/** What a node gives to others. */
export interface TransferSource {
  /** @returns undefined when this node does not have the shard whole */
  offer(shard: ShardAddress): { readonly nextOffset: bigint } | undefined
  /** @throws MILLRACE_TRANSFER_FAILED when it cannot give the state now */
  begin(shard: ShardAddress): Promise<TransferSnapshot>
  /**
   * Whole frames of a checkpoint, in order; the chunk that was given last may be asked for again.
   *
   * @param sequence  0, 1, …
   * @returns         nothing after the last
   * @throws          MILLRACE_TRANSFER_FAILED for a snapshot that is not there any more
   */
  next(id: string, sequence: number): Promise<Uint8Array | undefined>
  /** Lets go of a snapshot. */
  end(id: string): void
}

/** The other nodes. What they throw is thrown here; a node that does not answer is MILLRACE_NATS_UNANSWERED. */
export interface TransferPort {
  /** Asks every node for a shard, and waits for a moment. */
  offers(shard: ShardAddress, signal: AbortSignal): Promise<readonly TransferOffer[]>
  begin(peerId: number, shard: ShardAddress, signal: AbortSignal): Promise<TransferSnapshot>
  next(
    peerId: number,
    id: string,
    sequence: number,
    signal: AbortSignal
  ): Promise<Uint8Array | undefined>
  /** Tells the node that its snapshot is needed no more; a message that is lost does no harm. */
  end(peerId: number, id: string): void
}
