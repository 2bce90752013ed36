import type { IngestEntry, IngestReport } from '../src/domain/ingest.ts'
import { type IngestActor, startIngest } from './ingest.actor.ts'
import type { IngestParts } from './ingest-session.ts'
import type { ActorLogger } from './logger.ts'

/** The ingests that this node runs: those of the metadata that name it, or no node. */
export class Ingests {
  readonly #parts: IngestParts
  readonly #logger: ActorLogger
  readonly #node: number
  readonly #actors = new Map<string, IngestActor>()
  /** By name: the end of what ran before, which comes before what runs next. */
  readonly #stopping = new Map<string, Promise<void>>()
  #hasStopped = false

  constructor(parts: IngestParts, logger: ActorLogger, node: number) {
    this.#parts = parts
    this.#logger = logger
    this.#node = node
  }

  /** Starts, changes and ends what runs, so that it is what the metadata says. */
  reconcile(entries: ReadonlyMap<string, IngestEntry>): void {
    if (this.#hasStopped) return
    for (const [name, actor] of this.#actors) {
      const entry = entries.get(name)
      if (entry === undefined || !this.#isMine(entry) || !isSame(entry, actor.entry))
        this.#end(name)
    }
    for (const entry of entries.values()) {
      if (!this.#isMine(entry)) continue
      const actor = this.#actors.get(entry.name)
      if (actor === undefined) this.#start(entry)
      else if (entry.isPaused) actor.pause()
      else actor.resume()
    }
  }

  describe(): readonly IngestReport[] {
    return [...this.#actors.values()].map((actor) => actor.describe())
  }

  async stop(): Promise<void> {
    this.#hasStopped = true
    for (const name of this.#actors.keys()) this.#end(name)
    await Promise.all(this.#stopping.values())
  }

  #isMine({ node }: IngestEntry): boolean {
    return node === 0 || node === this.#node
  }

  #start(entry: IngestEntry): void {
    const before = this.#stopping.get(entry.name) ?? Promise.resolve()
    // The next takes over only when the one before writes no more.
    const openSource: IngestParts['openSource'] = async (settings) => {
      await before
      return this.#parts.openSource(settings)
    }
    const actor = startIngest({ ...this.#parts, openSource }, entry, this.#logger)
    this.#actors.set(entry.name, actor)
  }

  #end(name: string): void {
    const actor = this.#actors.get(name)
    if (actor === undefined) return
    this.#actors.delete(name)
    const before = this.#stopping.get(name) ?? Promise.resolve()
    const done = Promise.all([before, actor.stop()]).then(() => {
      if (this.#stopping.get(name) === done) this.#stopping.delete(name)
    })
    this.#stopping.set(name, done)
  }
}

function isSame(a: IngestEntry, b: IngestEntry): boolean {
  return a.id === b.id && a.collectionId === b.collectionId && a.spec === b.spec
}
