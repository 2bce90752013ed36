import { dirname } from 'node:path'
import { errnoOf, type FileLayer } from '../../streams/index.ts'

/** Where the checkpoints and the graphs of one shard lie, three levels below the data folder. */
export class ShardFolder {
  readonly path: string
  readonly #files: FileLayer
  #made: Promise<void> | undefined

  constructor(files: FileLayer, path: string) {
    this.#files = files
    this.path = path
  }

  /**
   * Makes the folder and its names durable up to the data folder: the log may be trimmed because of what lies here.
   *
   * @throws the file layer's errors; the next call tries again
   */
  make(): Promise<void> {
    this.#made ??= this.#make().catch((cause: unknown) => {
      this.#made = undefined
      throw cause
    })
    return this.#made
  }

  /** @returns none when the folder was not made yet */
  names(): Promise<string[]> {
    return this.#files.list(this.path).catch((cause: unknown) => {
      if (errnoOf(cause) === 'ENOENT') return []
      throw cause
    })
  }

  async #make(): Promise<void> {
    await this.#files.makeFolder(this.path)
    const topic = dirname(this.path)
    for (const folder of [topic, dirname(topic), dirname(dirname(topic))]) {
      await this.#files.syncFolder(folder)
    }
  }
}
