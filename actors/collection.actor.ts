import { isDeepStrictEqual } from 'node:util'
import { createActor } from 'xstate'
import {
  type CollectionContext,
  type CollectionEvent,
  collectionMachine
} from '../machines/index.ts'
import { CheckpointStore } from '../src/checkpoint/index.ts'
import type { CollectionEntry } from '../src/cluster/index.ts'
import { type ShardStatus, shardKeyOf, topicOf } from '../src/domain/directory.ts'
import { bytesOfVector, optimizerSettingsOf } from '../src/domain/optimizer-settings.ts'
import type { RebuildReport } from '../src/domain/rebuild.ts'
import type { ShardAddress } from '../src/domain/transfer.ts'
import { EngineError, toEngineError } from '../src/errors/index.ts'
import type { ActorReport } from './actor-report.ts'
import { backoffMs } from './clock.ts'
import { CollectionSchema } from './collection-schema.ts'
import { effects } from './effects.ts'
import { mailboxOf } from './mailbox.ts'
import type { NodeParts } from './node-parts.ts'
import { partitionKeyOf } from './outcome-board.ts'
import { startReplica } from './replica.actor.ts'
import type { ReplicaDescription } from './replica-description.ts'
import type { Replica } from './replica-face.ts'
import type { EngineShard } from './shard-engine.ts'
import { stateText } from './state-text.ts'
import { type Supervisor, supervise } from './supervisor.actor.ts'
import type { TransferableReplica } from './transfer-source.ts'

export interface CollectionDescription {
  readonly collection: string
  readonly id: string
  readonly state: string
  readonly lastError: string | null
  readonly shards: readonly (ReplicaDescription & { readonly supervisor: string })[]
}

export interface CollectionActor {
  readonly entry: CollectionEntry
  shardStatuses(): readonly ShardStatus[]
  /** Resolves when every shard runs with the schema of the entry; rejects when the collection is deleted or stopped before. */
  readonly ready: Promise<void>
  /** As those of the shard's replica. */
  reach(shard: number, offset: bigint, timeoutMs: number): Promise<number | undefined>
  reachVisible(shard: number, offset: bigint, timeoutMs: number): Promise<number | undefined>
  /** @returns undefined while it restarts, and for a shard that does not exist */
  replica(shard: number): TransferableReplica | undefined
  /** @throws MILLRACE_SHARD_NOT_FOUND, and what `Replica.rebuild` throws */
  rebuild(shard: number): Promise<RebuildReport>
  /** The collection as the metadata has it now: settings and schema that its shards are to follow. */
  follow(entry: CollectionEntry): void
  /** Resolves when every shard has applied the schema that `follow` was told last; rejects as `ready`. */
  schemaApplied(): Promise<void>
  describe(): CollectionDescription
  /** The collection's own actor and those of its shards. */
  reports(): readonly ActorReport[]
  /** Stops the shards and removes the topic. */
  delete(): Promise<void>
  /** Stops the shards and keeps everything. */
  stop(): Promise<void>
}

interface SupervisedReplica {
  readonly supervisor: Supervisor
  current(): Replica | undefined
  status(): ShardStatus
  reports(): readonly ActorReport[]
}

/** Of shards with a purpose of their own, in this process. */
let openings = 0

/** Brings one collection's topic and shards to life on this node, and takes them down again. */
export function startCollection(
  parts: NodeParts,
  entry: CollectionEntry,
  onChange: () => void
): CollectionActor {
  const { log, clock } = parts
  /** Settings and schema change while the collection goes on. */
  let { spec } = entry
  let settings = optimizerSettingsOf(spec)
  const topic = topicOf(entry.id, entry.generation)
  const logger = parts.logger.child({ collection: entry.name, collectionId: entry.id.toString() })
  const shardNumbers = Array.from({ length: entry.spec.shardNumber }, (_, shard) => shard)
  let replicas: readonly SupervisedReplica[] = []
  let isDeleting = false
  let brokenBy: Error | undefined
  let cancelRetry = () => {}
  let announceReady: () => void = () => {}
  let announceGone: (error: EngineError) => void = () => {}
  const ready = new Promise<void>((resolve, reject) => {
    announceReady = resolve
    announceGone = reject
  })
  ready.catch(() => {})

  const schema = new CollectionSchema(parts, entry, {
    numbers: shardNumbers,
    version: (shard) => replicas[shard]?.current()?.schemaVersion() ?? 0,
    reach: (shard, offset, timeoutMs) => reach(shard, offset, timeoutMs)
  })

  /** Runs an effect; its outcome comes back to the machine as one event. */
  const perform = (effect: () => Promise<unknown>, fact: CollectionEvent) => {
    effect().then(
      () => send(fact),
      (cause: unknown) => {
        // After a stop there is nobody left to try again.
        if (actor.getSnapshot().status !== 'active') return
        const error = toEngineError(cause)
        logger.warn({ err: error }, 'collection is waiting to try again')
        send({ type: 'effect.failed', reason: error.message })
      }
    )
  }

  const actor = createActor(
    collectionMachine.provide({
      actions: effects({
        createTopic: () =>
          perform(() => log.createTopic(topic, { partitions: shardNumbers.length }), {
            type: 'topic.created'
          }),
        startShards: () =>
          perform(
            async () => {
              if (replicas.length === 0) replicas = shardNumbers.map(startSupervisedReplica)
            },
            { type: 'shards.started' }
          ),
        ensureSchema: () => perform(() => schema.ensure(), { type: 'schema.applied' }),
        announceReady: () => {
          announceReady()
          schema.announce()
          // One that came as the effect ended was told to a machine that still applied the one before.
          if (!schema.isApplied()) send({ type: 'schema.changed' })
          // Until now its shards took no writes.
          onChange()
        },
        withdraw: () => {
          cancelRetry()
          announceGone(notFound())
          schema.giveUp(notFound())
        },
        stopShards: () => perform(() => stopReplicas(notFound()), { type: 'shards.stopped' }),
        deleteTopic: () => perform(deleteEverything, { type: 'topic.deleted' }),
        scheduleRetry: ({ context }: { context: CollectionContext }) => {
          cancelRetry = clock.after(backoffMs(context.attempts), () => send({ type: 'retry.due' }))
        }
      })
    }),
    { input: { collectionId: entry.id.toString() } }
  )
  const send = mailboxOf(actor, {
    actor: `collection ${topic}`,
    onBroken(error) {
      brokenBy = error
      logger.error({ err: error }, 'collection actor broke: restart the node')
    }
  })
  const deleted = new Promise<void>((resolve) => {
    actor.subscribe({
      next: (snapshot) => snapshot.status === 'done' && resolve(),
      complete: resolve,
      error: () => resolve()
    })
  })

  function shardReports(replica: Replica | undefined, supervisor: Supervisor): ActorReport[] {
    const state = supervisor.state()
    return (replica?.reports() ?? []).map((report) => ({
      ...report,
      collection: entry.name,
      // While nothing runs, the replica is what its supervisor makes of it.
      ...(state !== 'running' && report.kind === 'replica' && { state }),
      restarts: supervisor.attempts(),
      lastError: report.lastError ?? supervisor.lastError() ?? null,
      isHalted: report.isHalted || state === 'halted'
    }))
  }

  function startSupervisedReplica(shard: number): SupervisedReplica {
    let replica: Replica | undefined
    let haltedBy: EngineError | undefined
    const supervisor = supervise({
      name: `replica ${topic}/${shard}`,
      clock,
      logger: logger.child({ shard }),
      start: () => {
        replica = startReplica({
          log,
          topic,
          shard,
          openEngine: (purpose) => openEngine(shard, purpose),
          optimizer: {
            settings: () => settings,
            budget: parts.optimizerTurns,
            shortage: parts.shortage,
            vectorBytes: (slot, rows) => rows * bytesOfVector(spec, slot)
          },
          openStore: (onDamage) => openStore(shard, onDamage),
          checkpoints: parts.checkpoints,
          checkpointTurns: parts.checkpointTurns,
          recoveryTurns: parts.recoveryTurns,
          shouldKeepState: () => !isDeleting,
          address: addressOf(shard),
          peers: parts.peers,
          isGiven: () => parts.isGiven(addressOf(shard)),
          board: parts.board,
          producerId: parts.producerId,
          clock,
          logger: logger.child({ shard }),
          onStatus: onChange
        })
        return replica
      },
      onHalted: (error) => {
        haltedBy = error
        parts.onHalted(error)
        onChange()
        parts.board.closePartition(partitionKeyOf(topic, shard), error)
      }
    })
    const status = (): ShardStatus => {
      if (haltedBy === undefined) return statusOf(replica)
      const offset = BigInt(replica?.describe().nextOffset ?? 0)
      return { kind: 'stopped', offset, reason: haltedBy.message }
    }
    const reports = () => shardReports(replica, supervisor)
    return { supervisor, current: () => replica, status, reports }
  }

  function addressOf(shard: number): ShardAddress {
    return { collectionId: entry.id, generation: entry.generation, shard }
  }

  /** A write that comes before the schema is rejected by apply, though it is in the log: so none is taken before. */
  function statusOf(replica: Replica | undefined): ShardStatus {
    const status = replica?.status() ?? { kind: 'recovering', lagRecords: 0 }
    const isWithoutSchema = replica !== undefined && replica.schemaVersion() === 0
    return isWithoutSchema && status.kind === 'running'
      ? { kind: 'recovering', lagRecords: 0 }
      : status
  }

  /** A shard with a purpose is known to who opened it alone, and no two of them share a key. */
  function openEngine(shard: number, purpose: string | undefined): EngineShard {
    const key = shardKeyOf(entry.id, entry.generation, shard)
    openings += 1
    const name = purpose === undefined ? key : `${key}#${purpose}-${openings}`
    return parts.openEngine(name, entry.id, shard, spec)
  }

  function openStore(
    shard: number,
    onDamage: (error: EngineError) => void
  ): Promise<CheckpointStore> {
    const { files, now } = parts.checkpoints
    const folder = parts.shardsFolder.shardFolder(entry.id, entry.generation, shard)
    return CheckpointStore.open({ files, folder, crc32c: parts.crc32c, now, onDamage })
  }

  async function deleteEverything(): Promise<void> {
    await log.deleteTopic(topic)
    // What was appended after the shards had stopped is never applied; from here on an append fails by itself.
    dropWaiters(notFound())
    await parts.shardsFolder.remove(topic)
  }

  function notFound(): EngineError {
    return new EngineError('MILLRACE_COLLECTION_NOT_FOUND', { collection: entry.name })
  }

  function reach(shard: number, offset: bigint, timeoutMs: number): Promise<number | undefined> {
    const replica = replicas[shard]?.current()
    return replica === undefined ? Promise.resolve(1) : replica.reach(offset, timeoutMs)
  }

  /** @param error  told to everyone who waits for a write into this collection */
  async function stopReplicas(error: EngineError): Promise<void> {
    await Promise.all(replicas.map(({ supervisor }) => supervisor.stop()))
    dropWaiters(error)
  }

  function dropWaiters(error: EngineError): void {
    for (const shard of shardNumbers) parts.board.dropPartition(partitionKeyOf(topic, shard), error)
  }

  actor.start()

  return {
    entry,
    ready,
    reach,
    async reachVisible(shard, offset, timeoutMs) {
      const replica = replicas[shard]?.current()
      return replica === undefined ? 1 : replica.reachVisible(offset, timeoutMs)
    },
    replica: (shard) => replicas[shard]?.current(),
    shardStatuses: () =>
      shardNumbers.map(
        (shard) => replicas[shard]?.status() ?? { kind: 'recovering', lagRecords: 0 }
      ),
    schemaApplied: () => schema.applied(),
    follow(changed) {
      if (changed.spec === spec) return
      spec = changed.spec
      if (schema.follow(changed)) send({ type: 'schema.changed' })
      const before = settings
      settings = optimizerSettingsOf(spec)
      if (isDeepStrictEqual(before, settings)) return
      for (const { current } of replicas) current()?.settingsChanged()
    },
    describe() {
      const snapshot = actor.getSnapshot()
      return {
        collection: entry.name,
        id: entry.id.toString(),
        state: stateText(snapshot.value),
        lastError: snapshot.context.lastError ?? null,
        shards: replicas.flatMap(({ supervisor, current }) => {
          const replica = current()
          return replica === undefined
            ? []
            : [{ ...replica.describe(), supervisor: supervisor.state() }]
        })
      }
    },
    reports() {
      const { value, context, status } = actor.getSnapshot()
      const own: ActorReport = {
        kind: 'collection',
        name: topic,
        collection: entry.name,
        state: stateText(value),
        lastError: brokenBy?.message ?? context.lastError ?? null,
        isBusy: value !== 'ready' && status === 'active',
        isHalted: brokenBy !== undefined
      }
      return [own, ...replicas.flatMap((replica) => replica.reports())]
    },
    async rebuild(shard) {
      const replica = replicas[shard]?.current()
      if (replica !== undefined) return replica.rebuild()
      const exists = shard < shardNumbers.length
      throw exists
        ? new EngineError('MILLRACE_SHARD_RECOVERING', { shard, lagRecords: 0 })
        : new EngineError('MILLRACE_SHARD_NOT_FOUND', { shard, collection: entry.name })
    },
    async delete() {
      isDeleting = true
      send({ type: 'collection.delete' })
      await deleted
    },
    async stop() {
      cancelRetry()
      actor.stop()
      const draining = new EngineError('MILLRACE_NODE_DRAINING')
      announceGone(draining)
      schema.giveUp(draining)
      await stopReplicas(draining)
    }
  }
}
