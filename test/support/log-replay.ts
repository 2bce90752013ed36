import { crc32c } from '../../src/engine/index.ts'
import { inspectRecords } from '../../streams/index.ts'
import { DigestModel } from './digest-model.ts'

/** Follows the files of a log with the model, while a server that does not write just now has them open. */
export class LogReplay {
  readonly #folder: string
  readonly #shards = new Map<string, { readonly model: DigestModel; nextOffset: bigint }>()

  constructor(folder: string) {
    this.#folder = folder
  }

  /** @returns offset and digest of each shard, by topic and partition */
  async follow(): Promise<ReadonlyMap<string, { nextOffset: string; digest: string }>> {
    for await (const item of inspectRecords({ folder: this.#folder, crc32c })) {
      if (item.kind === 'damage') throw new Error(`${item.file} is damaged: ${item.reason}`)
      if (item.kind !== 'record' || !item.topic.startsWith('c')) continue
      const shard = this.#shard(`${item.topic}/${item.partition}`)
      if (item.offset < shard.nextOffset) continue
      shard.model.apply(item.bytes, item.offset)
      shard.nextOffset = item.offset + 1n
    }
    return new Map(
      [...this.#shards].map(([name, { model, nextOffset }]) => [
        name,
        { nextOffset: nextOffset.toString(), digest: model.digest() }
      ])
    )
  }

  #shard(name: string) {
    let shard = this.#shards.get(name)
    if (shard === undefined) {
      shard = { model: new DigestModel(), nextOffset: 0n }
      this.#shards.set(name, shard)
    }
    return shard
  }
}
