import { ShardsFolder } from '../src/checkpoint/index.ts'
import { emptyMetadata, type MetadataLimits, type MetadataState } from '../src/cluster/index.ts'
import {
  type CollectionView,
  emptyDirectory,
  type ShardDirectory
} from '../src/domain/directory.ts'
import type { IngestDescription } from '../src/domain/ingest.ts'
import type { ActorFacts, NodeReadiness, RejectionReport } from '../src/domain/node-port.ts'
import type {
  ControlCommand,
  ControlPort,
  ControlVerdict,
  ReadBarrier,
  WritePort
} from '../src/domain/ports.ts'
import type { RebuildReport } from '../src/domain/rebuild.ts'
import type { Crc32c } from '../src/domain/record/index.ts'
import type { TransferPort, TransferSource } from '../src/domain/transfer.ts'
import { EngineError } from '../src/errors/index.ts'
import type { Log } from '../streams/index.ts'
import type { ActorReport } from './actor-report.ts'
import { ActorWatch } from './actor-watch.ts'
import type { CheckpointSettings } from './checkpoint-settings.ts'
import type { Clock } from './clock.ts'
import {
  type CollectionActor,
  type CollectionDescription,
  startCollection
} from './collection.actor.ts'
import { viewOf, withQueue } from './collection-view.ts'
import type { IngestParts } from './ingest-session.ts'
import { Ingests } from './ingests.ts'
import { deleteLeftovers } from './leftovers.ts'
import type { ActorLogger } from './logger.ts'
import { type MetadataActor, startMetadata } from './metadata.actor.ts'
import { startNodeLife } from './node-life.ts'
import type { NodeParts } from './node-parts.ts'
import { OutcomeBoard } from './outcome-board.ts'
import { whyNotReady } from './readiness.ts'
import { Rejections } from './rejections.ts'
import { LocalTransferSource } from './transfer-source.ts'
import { Turns } from './turns.ts'
import type { Resource, WriteGuard } from './write-guard.ts'
import { LogWritePort } from './write-port.ts'

export interface NodeOptions {
  readonly log: Log
  readonly clock: Clock
  readonly logger: ActorLogger
  readonly crc32c: Crc32c
  readonly producerId: bigint
  readonly openEngine: NodeParts['openEngine']
  /** Refuses writes while there is no space for them; without it there always is. */
  readonly guard?: WriteGuard
  /** What segments are built in beside those that answer; without it there is always enough. */
  readonly memory?: Resource
  readonly disk?: Resource
  readonly checkpoints: CheckpointSettings
  readonly limits: MetadataLimits
  /** Metadata commands after which the state is snapshotted into their log. */
  readonly snapshotEvery?: number
  /** `actors.stuckAfterMs` */
  readonly stuckAfterMs?: number
  /** How ingests are run; without it none are. */
  readonly ingests?: IngestOptions
  /** The other nodes, to take states of shards from and to give them to; without it there are none. */
  readonly transfers?: TransferOptions | undefined
  /** Called after each change of the directory. */
  readonly onDirectory?: () => void
}

export interface IngestOptions
  extends Pick<IngestParts, 'openSource' | 'limits' | 'brokers' | 'readerName' | 'sourcesOf'> {
  /** This node, as the metadata names it. */
  readonly node: number
}

export interface TransferOptions {
  readonly port: TransferPort
  /** Gives the states of this node's shards to whoever asks. */
  serve(source: TransferSource): void
}

/** Writing is the disk's and one engine thread's work: more at once would not be faster. */
const checkpointsAtOnce = 2
const recoveriesAtOnce = 4
const optimizationsAtOnce = 1

/** A running node: its actors, and the ports by which gateways reach them. */
export interface Node {
  directory(): ShardDirectory
  readonly writePort: WritePort
  readonly controlPort: ControlPort
  readonly barrier: ReadBarrier
  isReady(): boolean
  /** Whether the node serves, every shard of every collection may be read and no actor is in trouble; else why not. */
  readiness(): NodeReadiness
  /** Every actor: state, offset, lag, last error, since when, and whether it is in trouble. */
  actors(): readonly ActorFacts[]
  /** Of one collection, or of each. */
  describe(collectionId?: bigint): readonly CollectionDescription[]
  /** What the metadata log says, as far as this node has reduced it. */
  metadata(): MetadataState
  /** What the metadata knows of ingests, and of those that run here what they are doing. */
  describeIngests(): readonly IngestDescription[]
  /** What apply rejected of a collection while nobody waited. */
  rejections(collectionId: bigint): RejectionReport
  /**
   * Builds a shard's state a second time, while the first answers, and puts it in its place.
   *
   * @throws MILLRACE_COLLECTION_NOT_FOUND, MILLRACE_SHARD_NOT_FOUND, MILLRACE_REBUILD_RUNNING, MILLRACE_REBUILD_FAILED
   */
  rebuildShard(collection: string, shard: number): Promise<RebuildReport>
  /** Rejects when the node cannot go on and must be stopped. */
  readonly failed: Promise<never>
  /** Refuses new writes from now on. */
  drain(): void
  stop(): Promise<void>
}

/** Replays the metadata log and brings every collection in it to life. */
export async function startNode(options: NodeOptions): Promise<Node> {
  const { log, clock, logger, crc32c, producerId } = options
  const board = new OutcomeBoard()
  const rejections = new Rejections()
  const writePort = new LogWritePort({
    log,
    board,
    producerId,
    crc32c,
    rejections,
    guard: options.guard
  })
  const { checkpoints } = options
  const shardsFolder = new ShardsFolder(checkpoints.files, checkpoints.folder)
  const parts: NodeParts = {
    log,
    clock,
    logger,
    crc32c,
    producerId,
    board,
    writePort,
    checkpoints,
    checkpointTurns: new Turns(checkpointsAtOnce),
    recoveryTurns: new Turns(recoveriesAtOnce),
    optimizerTurns: new Turns(optimizationsAtOnce),
    shortage: (memoryBytes, diskBytes) =>
      options.memory?.shortage(memoryBytes) ??
      (diskBytes > 0 ? options.disk?.shortage(diskBytes) : undefined),
    shardsFolder,
    peers: options.transfers?.port,
    isGiven: (shard) => given.isGiving(shard),
    openEngine: options.openEngine,
    onHalted: (error) => life.actorHalted(String(error.details['actor']), error.message)
  }
  const actors = new Map<bigint, CollectionActor>()
  const deletions = new Map<
    bigint,
    { readonly actor: CollectionActor; readonly done: Promise<void> }
  >()
  let directory = emptyDirectory
  let names = emptyMetadata
  let isStopping = false
  let breakDown: (error: Error) => void = () => {}
  const broken = new Promise<never>((_resolve, reject) => {
    breakDown = reject
  })
  broken.catch(() => {})

  const given = new LocalTransferSource({
    clock,
    logger,
    replicaOf({ collectionId, generation, shard }) {
      const actor = actors.get(collectionId)
      return actor?.entry.generation === generation ? actor.replica(shard) : undefined
    }
  })

  const life = startNodeLife({
    log,
    clock,
    logger,
    refuseWrites: () => writePort.drain(),
    stopActors,
    onBroken: (error) => breakDown(error)
  })
  const watch = new ActorWatch({
    clock,
    now: checkpoints.now,
    stuckAfterMs: options.stuckAfterMs ?? 60_000,
    reports: actorReports,
    onUnhealthy: (facts) => logger.error({ ...facts }, 'actor is in trouble')
  })

  const ingests =
    options.ingests &&
    new Ingests(
      {
        ...options.ingests,
        log,
        clock,
        crc32c,
        writePort,
        viewOf(collectionId) {
          const view = [...directory.collections.values()].find(({ id }) => id === collectionId)
          if (view !== undefined) return view
          const details = { collection: collectionId.toString() }
          throw new EngineError('MILLRACE_COLLECTION_NOT_FOUND', details)
        },
        async reach(collectionId, shard, offset, timeoutMs) {
          return actors.get(collectionId)?.reach(shard, offset, timeoutMs) ?? 1
        }
      },
      logger,
      options.ingests.node
    )

  /** Starts what the metadata names and this node lacks, and takes down what it no longer names. */
  function reconcile(state: MetadataState): void {
    names = state
    const wanted = new Map([...state.collections.values()].map((entry) => [entry.id, entry]))
    for (const [id, actor] of actors) {
      if (wanted.has(id)) continue
      actors.delete(id)
      rejections.forget(id)
      const done = actor.delete().finally(() => deletions.delete(id))
      deletions.set(id, { actor, done })
    }
    for (const [id, entry] of wanted) {
      const running = actors.get(id)
      if (running === undefined) actors.set(id, startCollection(parts, entry, publishDirectory))
      else running.follow(entry)
    }
    publishDirectory()
    ingests?.reconcile(state.ingests)
  }

  function publishDirectory(): void {
    if (isStopping) return
    const { aliases } = names
    const collections = [...actors.values()].map((actor): [string, CollectionView] => {
      const { name } = actor.entry
      // Settings change while the actor goes on.
      const entry = names.collections.get(name) ?? actor.entry
      return [name, viewOf(actor, entry, directory.collections.get(name))]
    })
    directory = { version: directory.version + 1, collections: new Map(collections), aliases }
    noteCaughtUp()
    options.onDirectory?.()
  }

  function noteCaughtUp(): void {
    const statuses = [...actors.values()].flatMap((actor) => actor.shardStatuses())
    if (life.state() === 'starting') return
    if (statuses.every(({ kind }) => kind === 'running')) life.shardsCaughtUp()
  }

  function actorReports(): readonly ActorReport[] {
    const ofDeletions = [...deletions.values()].map(({ actor }) => actor)
    return [
      life.report(),
      metadata.report(),
      ...[...actors.values(), ...ofDeletions].flatMap((actor) => actor.reports()),
      ...(ingests?.reports() ?? [])
    ]
  }

  const metadata: MetadataActor = await startMetadata({
    log,
    clock,
    logger,
    crc32c,
    producerId,
    limits: options.limits,
    snapshotEvery: options.snapshotEvery,
    onState: reconcile
  })
  life.metadataReplayed()
  options.transfers?.serve(given)
  noteCaughtUp()
  watch.start()
  try {
    await deleteLeftovers(log, shardsFolder, metadata.state(), logger)
  } catch (cause) {
    // They take space and nothing else; the next start tries again.
    logger.warn({ err: cause }, 'what deleted collections left behind could not be removed')
  }

  function readiness(): NodeReadiness {
    const reasons = whyNotReady(life, directory, watch.look())
    return { isReady: reasons.length === 0, reasons }
  }

  async function stopActors(): Promise<void> {
    watch.stop()
    given.close()
    await metadata.stop()
    // A deletion that is not done is gone on with at the next start, as a topic that no collection names.
    const deleting = [...deletions.values()].map(({ actor }) => actor)
    await Promise.all([...actors.values(), ...deleting].map((actor) => actor.stop()))
  }

  /** Resolves when this node has done what a command that was accepted asks for. */
  async function followed(type: ControlCommand['type'], id: bigint): Promise<void> {
    if (type === 'createCollection') await actors.get(id)?.ready
    else if (type === 'createVector' || type === 'deleteVector')
      await actors.get(id)?.schemaApplied()
    else await deletions.get(id)?.done
  }

  const controlPort: ControlPort = {
    async propose(command: ControlCommand): Promise<ControlVerdict> {
      if (isStopping) throw new EngineError('MILLRACE_NODE_DRAINING')
      if (command.type === 'createCollection') options.guard?.checkCreation()
      const verdict = await metadata.propose(command)
      if (!verdict.accepted || verdict.collectionId === undefined) return verdict
      await followed(command.type, verdict.collectionId)
      return verdict
    }
  }

  return {
    directory: () => directory,
    writePort,
    controlPort,
    barrier: {
      async reach({ collectionId, shard, offset, timeoutMs }) {
        const actor = actors.get(collectionId)
        if (actor === undefined) {
          throw new EngineError('MILLRACE_COLLECTION_NOT_FOUND', {
            collection: String(collectionId)
          })
        }
        return actor.reachVisible(shard, offset, timeoutMs)
      }
    },
    isReady: () => readiness().isReady,
    readiness,
    actors: () => watch.look(),
    metadata: () => names,
    describeIngests() {
      const reports = new Map(ingests?.describe().map((report) => [report.name, report]))
      return [...names.ingests.values()].map((entry) => ({
        entry,
        report: reports.get(entry.name)
      }))
    },
    rejections: (collectionId) => rejections.report(collectionId),
    describe: (collectionId) =>
      [...actors.values()]
        .filter(({ entry }) => collectionId === undefined || entry.id === collectionId)
        .map((actor) => withQueue(actor, writePort)),
    async rebuildShard(collection, shard) {
      const actor = [...actors.values()].find(({ entry }) => entry.name === collection)
      if (actor === undefined)
        throw new EngineError('MILLRACE_COLLECTION_NOT_FOUND', { collection })
      return actor.rebuild(shard)
    },
    failed: Promise.race([metadata.failed, broken]),
    drain() {
      writePort.drain()
      life.drain()
    },
    async stop() {
      isStopping = true
      // What ingests have read is still to be written.
      await ingests?.stop()
      writePort.drain()
      await life.stop()
    }
  }
}
