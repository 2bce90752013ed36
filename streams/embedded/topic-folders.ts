import type { Crc32c } from '../crc32c.ts'
import { errnoOf, type FileLayer } from '../files.ts'
import { saveManifest } from './manifest.ts'
import type { SparePool } from './spare-pool.ts'

const creatingPrefix = '.creating-'
const deletedPrefix = '.deleted-'

/**
 * Topics as folders: `<folder>/<topic>/<partition>/`. A topic appears and goes by one rename; names
 * that start with a dot are never topics.
 */
export class TopicFolders {
  readonly #files: FileLayer
  readonly #folder: string
  readonly #spares: SparePool
  readonly #crc32c: Crc32c
  #deletions = 0

  constructor(files: FileLayer, folder: string, spares: SparePool, crc32c: Crc32c) {
    this.#files = files
    this.#folder = folder
    this.#spares = spares
    this.#crc32c = crc32c
  }

  /** @returns the number of partitions by topic; what a crash left half made or half deleted goes */
  async open(): Promise<Map<string, number>> {
    // A killed process may have left renames unsynced: what follows from them must not outlive them.
    await this.#files.syncFolder(this.#folder)
    const topics = new Map<string, number>()
    for (const name of await this.#files.list(this.#folder)) {
      // Their files are not reused: a name that outlived a power loss may be a second name of a file that
      // has gone through the spares into another partition, because a rename changes two folders.
      if (name.startsWith(creatingPrefix) || name.startsWith(deletedPrefix))
        await this.#remove(name, (path) => this.#files.unlink(path))
      else if (!name.startsWith('.')) {
        const partitions = await this.#files.list(`${this.#folder}/${name}`)
        topics.set(name, partitions.filter((one) => /^\d+$/.test(one)).length)
      }
    }
    return topics
  }

  /**
   * Makes the folder, or takes up the one of an attempt that failed after the rename.
   *
   * @returns the number of partitions found, which may differ from those wanted
   */
  async create(topic: string, partitions: number): Promise<number> {
    const found = await this.#names(`${this.#folder}/${topic}`)
    if (found.length === 0) await this.#make(topic, partitions)
    await this.#files.syncFolder(this.#folder)
    return found.length || partitions
  }

  async #make(topic: string, partitions: number): Promise<void> {
    const files = this.#files
    const name = `${creatingPrefix}${topic}`
    await this.#remove(name)
    const path = `${this.#folder}/${name}`
    for (let partition = 0; partition < partitions; partition++) {
      const folder = `${path}/${partition}`
      await files.makeFolder(folder)
      const manifest = { epoch: 0, start: 0, durableThrough: 0, segments: [] }
      await saveManifest(files, folder, manifest, this.#crc32c)
    }
    await files.syncFolder(path)
    await files.rename(path, `${this.#folder}/${topic}`)
  }

  /** The topic is gone when this resolves; its files go in `cleanUp`. When it rejects, the topic is as it was. */
  async delete(topic: string): Promise<string> {
    const path = `${this.#folder}/${topic}`
    const name = `${deletedPrefix}${this.#deletions++}-${topic}`
    await this.#remove(name)
    await this.#files.rename(path, `${this.#folder}/${name}`)
    try {
      await this.#files.syncFolder(this.#folder)
    } catch (error) {
      await this.#files.rename(`${this.#folder}/${name}`, path)
      throw error
    }
    return name
  }

  async cleanUp(deleted: string): Promise<void> {
    await this.#remove(deleted)
  }

  async #remove(name: string, drop = (path: string) => this.#drop(path)): Promise<void> {
    const path = `${this.#folder}/${name}`
    for (const partition of await this.#names(path)) {
      const folder = `${path}/${partition}`
      for (const file of await this.#names(folder)) await drop(`${folder}/${file}`)
      await this.#files.removeFolder(folder)
    }
    await this.#files.removeFolder(path).catch((error: unknown) => {
      if (errnoOf(error) !== 'ENOENT') throw error
    })
  }

  async #drop(path: string): Promise<void> {
    if (!path.endsWith('.log')) return this.#files.unlink(path)
    const file = await this.#files.open(path, 'read')
    const bytes = await file.size().finally(() => file.close())
    await this.#spares.recycle(path, bytes)
  }

  #names(folder: string): Promise<string[]> {
    return this.#files.list(folder).catch((error: unknown) => {
      if (errnoOf(error) === 'ENOENT') return []
      throw error
    })
  }
}
