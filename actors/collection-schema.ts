/** Brings every shard of a collection to its newest schema, and tells those who wait for it. */
import { type CollectionEntry, encodeSchema } from '../src/cluster/index.ts'
import { topicOf } from '../src/domain/directory.ts'
import { EngineError } from '../src/errors/index.ts'
import type { NodeParts } from './node-parts.ts'

/** What it must know of the shards. */
export interface SchemaShards {
  readonly numbers: readonly number[]
  /** Of the schema that the shard has applied; 0 while it has none. */
  version(shard: number): number
  /** @returns undefined when the offset is reached, else how many records are missing */
  reach(shard: number, offset: bigint, timeoutMs: number): Promise<number | undefined>
}

const reachMsMax = 3_600_000

export class CollectionSchema {
  private readonly parts: NodeParts
  private readonly shards: SchemaShards
  private newest: CollectionEntry
  private appliedVersion = 0
  private waits: { resolve: () => void; reject: (error: EngineError) => void }[] = []

  constructor(parts: NodeParts, entry: CollectionEntry, shards: SchemaShards) {
    this.parts = parts
    this.shards = shards
    this.newest = entry
  }

  /** @returns whether there is another schema to apply than before */
  follow(entry: CollectionEntry): boolean {
    const isNewer = entry.schemaVersion > this.newest.schemaVersion
    this.newest = entry
    return isNewer
  }

  isApplied(): boolean {
    return this.appliedVersion >= this.newest.schemaVersion
  }

  /** Resolves when `announce` finds the newest schema applied, rejects with what `giveUp` is told. */
  applied(): Promise<void> {
    if (this.isApplied()) return Promise.resolve()
    return new Promise((resolve, reject) => {
      this.waits.push({ resolve, reject })
    })
  }

  announce(): void {
    if (this.isApplied()) for (const { resolve } of this.takeWaits()) resolve()
  }

  giveUp(error: EngineError): void {
    for (const { reject } of this.takeWaits()) reject(error)
  }

  /** Until no newer one came meanwhile. */
  async ensure(): Promise<void> {
    do await this.ensureNewest()
    while (!this.isApplied())
  }

  /** Appends the schema record to every shard that has not applied it, and waits until all have. */
  private async ensureNewest(): Promise<void> {
    const { newest, shards, parts } = this
    const { id: collectionId, generation, schemaVersion } = newest
    await Promise.all(
      shards.numbers.map(async (shard) => {
        const { end } = await parts.log.ends(topicOf(collectionId, generation), shard)
        if (end > 0n) await this.reachOrFail(shard, end - 1n)
        if (shards.version(shard) >= schemaVersion) return
        const records = [{ shard, frame: encodeSchema(newest, shard, parts.crc32c) }]
        const { applied } = parts.writePort.submit({ collectionId, generation, records })
        await applied
      })
    )
    this.appliedVersion = schemaVersion
  }

  private async reachOrFail(shard: number, offset: bigint): Promise<void> {
    const lagRecords = await this.shards.reach(shard, offset, reachMsMax)
    if (lagRecords !== undefined)
      throw new EngineError('MILLRACE_SHARD_RECOVERING', { shard, lagRecords })
  }

  private takeWaits() {
    const { waits } = this
    this.waits = []
    return waits
  }
}
