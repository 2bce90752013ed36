/** The checkpoints of one shard. */
import { basename } from 'node:path'
import { errnoOf, type FileLayer, readWholeFile, replaceFile } from '../../streams/index.ts'
import type { Crc32c } from '../domain/record/index.ts'
import { EngineError, isEngineError, toEngineError } from '../errors/index.ts'
import type { ChainPlan } from './chain.ts'
import { type FrameSource, writeChainFile } from './chain-writer.ts'
import {
  chainFileName,
  damagedSuffix,
  isChainFile,
  isManifest,
  isTemporary,
  manifestName,
  sequenceOf
} from './file-names.ts'
import { GraphFiles } from './graph-files.ts'
import { type LoadTarget, readCheckpoint } from './inspect.ts'
import { type CheckpointManifest, decodeManifest, encodeManifest } from './manifest.ts'
import { ShardFolder } from './shard-folder.ts'

export interface StoreOptions {
  readonly files: FileLayer
  /** The shard's own folder, three levels below the data folder; made when the first checkpoint is written. */
  readonly folder: string
  readonly crc32c: Crc32c
  /** Milliseconds since 1970. */
  readonly now: () => number
  /** A damaged file was found and set aside; the error is MILLRACE_CHECKPOINT_CORRUPT or MILLRACE_GRAPH_CORRUPT. */
  readonly onDamage: (error: EngineError) => void
}

/** What the engine captured, to be written. */
export interface CapturedState {
  readonly nextOffset: bigint
  readonly digest: string
  /** Rows that the new file will hold. */
  readonly rows: number
  /** Live rows of the whole shard. */
  readonly liveRows: number
  readonly source: FrameSource
}

export class CheckpointStore {
  readonly folder: string
  readonly graphs: GraphFiles
  readonly #options: StoreOptions
  readonly #folder: ShardFolder
  readonly #pins = new Map<CheckpointManifest, number>()
  readonly #lostFiles = new Set<string>()
  /** Written by failed attempts, and a manifest that names them may be on the disk. */
  readonly #doubtfulFiles = new Set<string>()
  #kept: readonly CheckpointManifest[] = []
  #nextSequence = 1

  private constructor(options: StoreOptions) {
    this.#options = options
    this.folder = options.folder
    this.#folder = new ShardFolder(options.files, options.folder)
    this.graphs = new GraphFiles({ ...options, folder: this.#folder })
  }

  /**
   * Reads the manifests of a folder, sets damaged ones aside and removes what a crash left behind.
   *
   * @throws MILLRACE_CHECKPOINT_FORMAT_NEWER, and the file layer's errors
   */
  static async open(options: StoreOptions): Promise<CheckpointStore> {
    const store = new CheckpointStore(options)
    await store.#readManifests()
    await store.graphs.adopt(await store.#folder.names())
    return store
  }

  /** The whole checkpoints as far as is known, newest first. */
  kept(): readonly CheckpointManifest[] {
    return this.#kept
  }

  /** Where a rebuild can begin, and below which the log may be forgotten; undefined when there is none. */
  oldest(): CheckpointManifest | undefined {
    return this.#kept.at(-1)
  }

  /**
   * Writes the new file of a plan and then the manifest that makes it a checkpoint.
   *
   * @throws MILLRACE_CHECKPOINT_FAILED naming the file; the checkpoints kept so far stay as they are
   */
  async write(
    plan: ChainPlan,
    captured: CapturedState,
    signal: AbortSignal
  ): Promise<CheckpointManifest> {
    const { files, folder, crc32c, now } = this.#options
    const { nextOffset, digest, rows, liveRows } = captured
    const name = chainFileName(this.#nextSequence++)
    const path = `${folder}/${name}`
    let content: Uint8Array | undefined
    let manifest: CheckpointManifest | undefined
    try {
      await this.#folder.make()
      const source = captured.source
      const written = await writeChainFile({ files, path, source, crc32c, signal })
      manifest = {
        nextOffset,
        digest,
        writtenMs: now(),
        liveRows,
        files: [...plan.files, { file: name, since: plan.since, nextOffset, ...written, rows }]
      }
      content = encodeManifest(manifest, crc32c)
      await replaceFile(files, folder, manifestName(nextOffset), content)
      this.#adopt(manifest)
      await this.#refuseLostFiles(manifest)
      return manifest
    } catch (cause) {
      await this.#giveUp(name, manifest, content)
      if (isEngineError(cause)) throw cause
      const { message: reason } = toEngineError(cause)
      throw new EngineError('MILLRACE_CHECKPOINT_FAILED', { file: path, reason }, { cause })
    }
  }

  /**
   * Reads a checkpoint, file by file. A file found damaged is set aside, with every checkpoint that needs it.
   *
   * @throws MILLRACE_CHECKPOINT_CORRUPT, the target's errors, and the file layer's
   */
  async load(manifest: CheckpointManifest, target: LoadTarget): Promise<void> {
    const { files, folder, crc32c } = this.#options
    const release = this.pin(manifest)
    try {
      await readCheckpoint(manifest, target, { files, folder, crc32c })
    } catch (cause) {
      if (isEngineError(cause, 'MILLRACE_CHECKPOINT_CORRUPT')) await this.#setAside(cause)
      throw cause
    } finally {
      release()
    }
  }

  /** Keeps a checkpoint, and the log from there on, until the returned function is called. */
  pin(manifest: CheckpointManifest): () => void {
    this.#pins.set(manifest, (this.#pins.get(manifest) ?? 0) + 1)
    let isHeld = true
    return () => {
      if (!isHeld) return
      isHeld = false
      const count = (this.#pins.get(manifest) ?? 1) - 1
      if (count === 0) this.#pins.delete(manifest)
      else this.#pins.set(manifest, count)
    }
  }

  /** Sets aside every checkpoint after `offset`: they were taken from a state that proved wrong. */
  async setAsideAfter(offset: bigint, reason: string): Promise<void> {
    const wrong = this.#kept.filter((one) => one.nextOffset > offset)
    // All at once, so that no checkpoint is built on one whose turn has not come.
    this.#keep(this.#kept.filter((one) => !wrong.includes(one)))
    for (const { nextOffset } of wrong) {
      const file = `${this.folder}/${manifestName(nextOffset)}`
      await this.#setAside(
        new EngineError('MILLRACE_CHECKPOINT_CORRUPT', { file, position: 0, reason })
      )
    }
  }

  /** Forgets all but the newest `keep` checkpoints and those in use, and every file that no kept one names. */
  async prune(keep: number): Promise<void> {
    const old = this.#kept.filter((one, index) => index >= keep && !this.#pins.has(one))
    if (old.length > 0) {
      // Before anything of them goes, so that nobody begins to read what is about to.
      this.#keep(this.#kept.filter((one) => !old.includes(one)))
      try {
        await this.#removeManifests(old)
      } catch (cause) {
        // What may still be on the disk keeps the files that it names.
        this.#keep([...this.#kept, ...old])
        throw cause
      }
    }
    await this.#removeUnnamed(await this.#folder.names())
  }

  async #removeManifests(old: readonly CheckpointManifest[]): Promise<void> {
    const { files } = this.#options
    for (const { nextOffset } of old) {
      await files.unlink(`${this.folder}/${manifestName(nextOffset)}`).catch((cause: unknown) => {
        if (errnoOf(cause) !== 'ENOENT') throw cause
      })
    }
    // A manifest that came back after a power loss would name files that are gone.
    await files.syncFolder(this.folder)
  }

  async #readManifests(): Promise<void> {
    const { files, crc32c } = this.#options
    const names = await this.#folder.names()
    this.#nextSequence = 1 + Math.max(0, ...names.map((name) => sequenceOf(name) ?? 0))
    let isDamaged = false
    for (const name of names.filter(isManifest)) {
      const path = `${this.folder}/${name}`
      try {
        const content = await readWholeFile(files, path)
        this.#keep([...this.#kept, decodeManifest(content ?? new Uint8Array(0), path, crc32c)])
      } catch (cause) {
        const error = asUnreadable(cause, path)
        if (!isEngineError(error, 'MILLRACE_CHECKPOINT_CORRUPT')) throw error
        isDamaged = true
        await this.#setAside(error)
      }
    }
    // What a damaged manifest named stays until there is a newer checkpoint: someone may want to look.
    if (!isDamaged) await this.#removeUnnamed(names)
  }

  /**
   * After a failed write. A manifest may stand in the folder although its name is not durable yet: what it
   * names is whole and must stay, since the next start will find it.
   */
  async #giveUp(
    name: string,
    manifest: CheckpointManifest | undefined,
    content: Uint8Array | undefined
  ): Promise<void> {
    const { files, folder } = this.#options
    const path = `${folder}/${name}`
    if (manifest === undefined || content === undefined) return files.unlink(path).catch(() => {})
    try {
      const found = await readWholeFile(files, `${folder}/${manifestName(manifest.nextOffset)}`)
      // An older one of the same offset may stand there as well.
      if (found !== undefined && Buffer.compare(found, content) === 0) this.#adopt(manifest)
      else await files.unlink(path)
    } catch {
      this.#doubtfulFiles.add(name)
    }
  }

  /** A file of the chain may have been found damaged while the new one was written. */
  async #refuseLostFiles(manifest: CheckpointManifest): Promise<void> {
    const lost = manifest.files.find(({ file }) => this.#lostFiles.has(file))
    if (lost === undefined) return
    const file = `${this.folder}/${lost.file}`
    const reason = 'it was found damaged while a checkpoint that builds on it was written'
    await this.#setAside(
      new EngineError('MILLRACE_CHECKPOINT_CORRUPT', { file, position: 0, reason })
    )
    throw new EngineError('MILLRACE_CHECKPOINT_FAILED', { file, reason })
  }

  /** Renames a damaged file, and forgets the checkpoints that need it, so that no new one builds on them. */
  async #setAside(error: EngineError): Promise<void> {
    const { files, onDamage } = this.#options
    const path = String(error.details['file'])
    const needs = (one: CheckpointManifest) =>
      path.endsWith(`/${manifestName(one.nextOffset)}`) ||
      one.files.some(({ file }) => path === `${this.folder}/${file}`)
    const lost = this.#kept.filter(needs)
    this.#keep(this.#kept.filter((one) => !needs(one)))
    this.#lostFiles.add(basename(path))
    onDamage(error)
    const paths = new Set([
      path,
      ...lost.map(({ nextOffset }) => `${this.folder}/${manifestName(nextOffset)}`)
    ])
    for (const one of paths) {
      await files.rename(one, `${one}${damagedSuffix}`).catch((cause: unknown) => {
        if (errnoOf(cause) !== 'ENOENT') throw cause
      })
    }
    await files.syncFolder(this.folder)
  }

  async #removeUnnamed(names: readonly string[]): Promise<void> {
    const named = new Set(this.#kept.flatMap((one) => one.files.map(({ file }) => file)))
    for (const name of this.#doubtfulFiles) named.add(name)
    for (const name of names) {
      const isLeftover = isTemporary(name) || (isChainFile(name) && !named.has(name))
      if (isLeftover) await this.#options.files.unlink(`${this.folder}/${name}`)
    }
  }

  #adopt(manifest: CheckpointManifest): void {
    const { nextOffset } = manifest
    this.#keep([manifest, ...this.#kept.filter((one) => one.nextOffset !== nextOffset)])
  }

  #keep(manifests: readonly CheckpointManifest[]): void {
    this.#kept = manifests.toSorted((a, b) => (a.nextOffset < b.nextOffset ? 1 : -1))
  }
}

function asUnreadable(cause: unknown, file: string): unknown {
  if (errnoOf(cause) !== 'EIO') return cause
  const reason = 'EIO: it cannot be read'
  return new EngineError('MILLRACE_CHECKPOINT_CORRUPT', { file, position: 0, reason }, { cause })
}
