/** `<data>/shards`: a folder for each generation of a collection, in it one for each shard. */
import { errnoOf, type FileLayer } from '../../streams/index.ts'
import { topicOf } from '../domain/directory.ts'

export class ShardsFolder {
  readonly path: string
  readonly #files: FileLayer

  constructor(files: FileLayer, path: string) {
    this.path = path
    this.#files = files
  }

  shardFolder(collectionId: bigint, generation: number, shard: number): string {
    return `${this.path}/${topicOf(collectionId, generation)}/${shard}`
  }

  /** Removes everything of one generation; does nothing when there is nothing. */
  async remove(topic: string): Promise<void> {
    const folder = `${this.path}/${topic}`
    const shards = await this.#names(folder)
    if (shards === undefined) return
    for (const shard of shards) {
      for (const name of (await this.#names(`${folder}/${shard}`)) ?? []) {
        await this.#files.unlink(`${folder}/${shard}/${name}`)
      }
      await this.#files.removeFolder(`${folder}/${shard}`)
    }
    await this.#files.removeFolder(folder)
  }

  /** Removes the generations that `wanted` does not name: a crash in the middle of a deletion leaves them. */
  async removeOthers(wanted: ReadonlySet<string>): Promise<readonly string[]> {
    const found = (await this.#names(this.path)) ?? []
    const others = found.filter((name) => /^c\d+\.g\d+$/.test(name) && !wanted.has(name))
    for (const topic of others) await this.remove(topic)
    return others
  }

  /** @returns undefined when there is no such folder */
  #names(folder: string): Promise<string[] | undefined> {
    return this.#files.list(folder).catch((cause: unknown) => {
      if (errnoOf(cause) === 'ENOENT') return undefined
      throw cause
    })
  }
}
