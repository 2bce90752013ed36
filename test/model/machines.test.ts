import { expect, test } from 'vitest'
import { type AnyStateMachine, type EventObject, initialTransition, transition } from 'xstate'
import { getShortestPaths } from 'xstate/graph'
import {
  collectionMachine,
  ingestMachine,
  nodeMachine,
  optimizerMachine,
  rebuildMachine,
  replicaMachine,
  segmentMachine,
  shardMachine,
  supervisorMachine,
  transferMachine
} from '../../machines/index.ts'

interface Walk {
  readonly machine: AnyStateMachine
  readonly input: object
  readonly events: readonly EventObject[]
  /** What tells two states apart, besides the state's name. */
  readonly facts?: (context: Record<string, unknown>) => unknown
}

const applyStopped = (isRetryable: boolean) => ({
  type: 'apply.stopped',
  offset: '7',
  code: 'MILLRACE_OUT_OF_MEMORY',
  reason: 'no memory',
  isRetryable
})
const checkpointFailed = { type: 'checkpoint.failed', reason: 'ENOSPC' }
const loadFailed = (isRetryable: boolean) => ({ ...logFailed(isRetryable), type: 'load.failed' })
const logFailed = (isRetryable: boolean) => ({
  type: 'log.failed',
  code: 'MILLRACE_LOG_FAILED',
  reason: 'EIO',
  isRetryable
})
const sourceFailed = (isRetryable: boolean) => ({
  ...logFailed(isRetryable),
  type: 'source.failed'
})
const applied = (lagRecords: number) => ({
  type: 'records.applied',
  nextOffset: '5',
  endOffset: String(5 + lagRecords),
  lagRecords
})

const planMade = {
  type: 'plan.made',
  plan: { kind: 'vacuum', reason: '600 of 1000 rows are dead' }
} as EventObject

const walks: Record<string, Walk> = {
  collection: {
    machine: collectionMachine,
    input: { collectionId: '1' },
    events: [
      'topic.created',
      'shards.started',
      'schema.applied',
      'schema.changed',
      'collection.delete',
      'shards.stopped',
      'topic.deleted',
      'retry.due'
    ]
      .map((type): EventObject => ({ type }))
      .concat([{ type: 'effect.failed', reason: 'disk' } as EventObject]),
    facts: ({ attempts }) => Number(attempts) > 0
  },
  shard: {
    machine: shardMachine,
    input: { shard: 0 },
    events: [
      { type: 'shard.opened' },
      { type: 'replica.caughtUp' },
      applyStopped(true),
      applyStopped(false),
      { type: 'apply.resumed' },
      { type: 'retry.due' },
      { type: 'checkpoint.loaded' },
      { type: 'checkpoint.requested' },
      { type: 'checkpoint.captured' },
      { type: 'checkpoint.skipped' },
      { type: 'checkpoint.written' },
      checkpointFailed,
      { type: 'checkpointRetry.due' },
      { type: 'shard.stop' },
      { type: 'shard.closed' }
    ],
    facts: ({ stoppedAtOffset, checkpointError }) => [stoppedAtOffset, checkpointError]
  },
  node: {
    machine: nodeMachine,
    input: {},
    events: [
      { type: 'metadata.replayed' },
      { type: 'shards.caughtUp' },
      { type: 'log.lost', reason: 'no broker' } as EventObject,
      { type: 'log.reached' },
      { type: 'actor.halted', actor: 'replica c1.g0/0', reason: 'bug' } as EventObject,
      { type: 'node.drain' },
      { type: 'node.stop' },
      { type: 'actors.stopped' }
    ],
    facts: ({ hasJoined, haltedCount }) => [hasJoined, Number(haltedCount) > 0]
  },
  rebuild: {
    machine: rebuildMachine,
    input: { shard: 0 },
    events: [
      { type: 'state.loaded', from: '0' } as EventObject,
      {
        type: 'records.applied',
        nextOffset: '5',
        recordsReplayed: 5,
        lagRecords: 1
      } as EventObject,
      { type: 'live.approached' },
      { type: 'shards.swapped', isEqual: true } as EventObject,
      { type: 'effect.failed', reason: 'disk' } as EventObject,
      { type: 'rebuild.cancel', reason: 'deleted' } as EventObject
    ],
    facts: ({ lagRecords, reason }) => [lagRecords, reason]
  },
  ingest: {
    machine: ingestMachine,
    input: { isPaused: false },
    events: [
      { type: 'source.opened' },
      { type: 'flows.throttled' },
      { type: 'flows.released' },
      { type: 'flush.applied' },
      sourceFailed(true),
      sourceFailed(false),
      { type: 'retry.due' },
      { type: 'ingest.pause' },
      { type: 'ingest.resume' },
      { type: 'ingest.stop' }
    ],
    facts: ({ attempts, lastError }) => [Math.min(2, Number(attempts)), lastError]
  },
  replica: {
    machine: replicaMachine,
    input: { shard: 0 },
    events: [
      { type: 'shard.ready', nextOffset: '0' } as EventObject,
      applied(0),
      applied(3),
      logFailed(true),
      logFailed(false),
      loadFailed(true),
      loadFailed(false),
      { type: 'retry.due' },
      { type: 'replica.stop' }
    ],
    facts: ({ lagRecords }) => lagRecords
  },
  segment: {
    machine: segmentMachine,
    input: { purpose: 'vacuum' },
    events: [
      { type: 'state.completed' },
      { type: 'segment.swapIn' },
      { type: 'segment.installed' },
      { type: 'successor.begun' },
      { type: 'successor.ended' },
      { type: 'segment.replaced' },
      { type: 'segment.discard', reason: 'cancelled' } as EventObject,
      { type: 'segment.close' }
    ]
  },
  optimizer: {
    machine: optimizerMachine,
    input: { shard: 0 },
    events: [
      { type: 'check.due' },
      planMade,
      { type: 'plan.absent' },
      { type: 'plan.withdrawn', reason: 'newer settings' } as EventObject,
      { type: 'budget.granted' },
      { type: 'rows.copied' },
      { type: 'tail.replayed' },
      { type: 'graph.grown' },
      { type: 'segment.swapped' },
      { type: 'effect.failed', reason: 'no memory' } as EventObject,
      { type: 'build.ended' },
      { type: 'retry.due' },
      { type: 'optimizer.stop' }
    ],
    facts: ({ attempts, plan }) => [Math.min(2, Number(attempts)), plan]
  },
  transfer: {
    machine: transferMachine,
    input: { shard: 0, attemptsMax: 2 },
    events: [
      { type: 'peer.chosen', peer: '7' } as EventObject,
      { type: 'snapshot.taken', nextOffset: '5', points: 3 } as EventObject,
      { type: 'chunk.received', bytes: 0 } as EventObject,
      { type: 'state.loaded' },
      { type: 'replica.caughtUp' },
      { type: 'effect.failed', reason: 'silence' } as EventObject,
      { type: 'retry.due' },
      { type: 'transfer.abort', reason: 'stopped' } as EventObject
    ],
    facts: ({ attempts }) => attempts
  },
  supervisor: {
    machine: supervisorMachine,
    input: { attemptsMax: 2 },
    events: [
      { type: 'child.failed', reason: 'bug' } as EventObject,
      { type: 'child.recovered' },
      { type: 'backoff.passed' },
      { type: 'child.stop' },
      { type: 'child.stopped' }
    ],
    facts: ({ attempts }) => attempts
  }
}

function pathsOf({ machine, input, events, facts = () => null }: Walk) {
  return getShortestPaths(machine, {
    input,
    events: [...events],
    serializeState: (snapshot) => JSON.stringify([snapshot.value, facts(snapshot.context)]),
    limit: 2000
  })
}

function leafStates(machine: AnyStateMachine): string[] {
  const leaves: string[] = []
  const visit = (node: AnyStateMachine['root']) => {
    const children = Object.values(node.states)
    if (children.length === 0) leaves.push(node.id)
    for (const child of children) visit(child)
  }
  visit(machine.root)
  return leaves
}

test.each(Object.entries(walks))('every state of the %s machine can be reached', (_name, walk) => {
  const reached = new Set(
    pathsOf(walk).flatMap(({ state }) => state._nodes.map(({ id }: { id: string }) => id))
  )
  const passing = new Set([
    'shard.serving.stoppedOnError.deciding',
    'replica.initializing',
    'ingest.initializing'
  ])
  for (const leaf of leafStates(walk.machine))
    if (!passing.has(leaf)) expect(reached).toContain(leaf)
})

test.each(Object.entries(walks))(
  'from every state of the %s machine it can be stopped',
  (_name, walk) => {
    const stops = [
      'collection.delete',
      'shard.stop',
      'replica.stop',
      'child.stop',
      'rebuild.cancel',
      'node.stop',
      'ingest.stop',
      'optimizer.stop',
      'segment.discard',
      'segment.close',
      'transfer.abort'
    ]
    const facts = [
      'shards.stopped',
      'topic.deleted',
      'shard.closed',
      'child.stopped',
      'shards.swapped',
      'actors.stopped'
    ]
    for (const { state } of pathsOf(walk)) {
      let snapshot = state
      for (const type of [...stops, ...facts]) {
        if (snapshot.status === 'done') break
        ;[snapshot] = transition(walk.machine, snapshot, { type })
      }
      expect(snapshot.status, `from ${JSON.stringify(state.value)}`).toBe('done')
    }
  }
)

test.each(Object.entries(walks))(
  'no context of the %s machine holds what JSON cannot',
  (_name, walk) => {
    for (const { state } of pathsOf(walk)) {
      expect(JSON.parse(JSON.stringify(state.context))).toEqual(
        Object.fromEntries(Object.entries(state.context).filter(([, value]) => value !== undefined))
      )
    }
  }
)

function effectsOf(
  machine: AnyStateMachine,
  input: object,
  events: readonly EventObject[]
): string[] {
  let [snapshot, effects] = initialTransition(machine, input)
  const names = effects.map(({ type }) => type)
  for (const event of events) {
    ;[snapshot, effects] = transition(machine, snapshot, event)
    names.push(...effects.map(({ type }) => type))
  }
  return names.filter((name) => !name.startsWith('xstate.'))
}

test('a collection is created topic first, then shards, then schema', () => {
  const events = ['topic.created', 'shards.started', 'schema.applied'].map((type) => ({ type }))
  expect(effectsOf(collectionMachine, { collectionId: '1' }, events)).toEqual([
    'createTopic',
    'startShards',
    'ensureSchema',
    'announceReady'
  ])
})

test('a deletion in the middle of creating takes down what there is', () => {
  const events = ['collection.delete', 'shards.stopped', 'topic.deleted'].map((type) => ({ type }))
  expect(effectsOf(collectionMachine, { collectionId: '1' }, events)).toEqual([
    'createTopic',
    'withdraw',
    'stopShards',
    'deleteTopic'
  ])
})

test('P4 a shard without memory tries again by itself, one with a damaged record does not', () => {
  const opened = [{ type: 'shard.opened' }]
  expect(effectsOf(shardMachine, { shard: 0 }, [...opened, applyStopped(true)])).toContain(
    'scheduleRetry'
  )
  expect(effectsOf(shardMachine, { shard: 0 }, [...opened, applyStopped(false)])).not.toContain(
    'scheduleRetry'
  )
})

test('a supervisor gives up after its last attempt and says so', () => {
  const failed = { type: 'child.failed', reason: 'bug' }
  const restart = { type: 'backoff.passed' }
  expect(
    effectsOf(supervisorMachine, { attemptsMax: 3 }, [failed, restart, failed, restart, failed])
  ).toEqual([
    'startChild',
    'scheduleRestart',
    'startChild',
    'scheduleRestart',
    'startChild',
    'escalate'
  ])
})

const requested = { type: 'checkpoint.requested' }

test('P8 a checkpoint is captured, written beside apply, and asked for again when that failed', () => {
  const opened = { type: 'shard.opened' }
  const captured = { type: 'checkpoint.captured' }
  const events = [opened, requested, captured, checkpointFailed, { type: 'checkpointRetry.due' }]
  expect(effectsOf(shardMachine, { shard: 0 }, events)).toEqual([
    'openShard',
    'publishStatus',
    'captureCheckpoint',
    'writeCheckpoint',
    'scheduleCheckpointRetry',
    'captureCheckpoint'
  ])
})

test('P4 neither a checkpoint nor its failure changes whether a shard may be read', () => {
  for (const { state } of pathsOf(walks['shard'] as Walk)) {
    for (const type of ['requested', 'captured', 'skipped', 'written', 'failed']) {
      if (state.status === 'done') continue
      const event = { type: `checkpoint.${type}`, reason: 'ENOSPC' }
      const [after] = transition(shardMachine, state, event as never)
      expect(after.value.serving).toEqual(state.value.serving)
    }
  }
})

test('a rebuild that swaps is not cancelled in the middle', () => {
  const events = [
    { type: 'state.loaded', from: '0' },
    { type: 'live.approached' },
    { type: 'rebuild.cancel', reason: 'deleted' },
    { type: 'shards.swapped', isEqual: true }
  ]
  expect(effectsOf(rebuildMachine, { shard: 0 }, events)).toEqual([
    'loadState',
    'replayLog',
    'swapShards',
    'reportDone'
  ])
})

test('a node that loses the log before it has joined joins when the log is back, and serves at once afterwards', () => {
  const lost = { type: 'log.lost', reason: 'no broker' }
  const events = [{ type: 'metadata.replayed' }, lost, { type: 'log.reached' }]
  const [start] = initialTransition(nodeMachine, undefined)
  const after = (more: readonly EventObject[]) =>
    [...events, ...more].reduce<typeof start>(
      (snapshot, event) => transition(nodeMachine, snapshot, event as never)[0],
      start
    )
  expect(after([]).value).toBe('joining')
  const caughtUp = { type: 'shards.caughtUp' }
  expect(after([caughtUp]).value).toBe('serving')
  expect(after([caughtUp, lost]).value).toBe('isolated')
  expect(after([caughtUp, lost, { type: 'log.reached' }]).value).toBe('serving')
  expect(after([lost, caughtUp, { type: 'log.reached' }]).value).toBe('serving')
})

test('a segment is swapped in only when it is whole, and what answers is not given up for a failed successor', () => {
  const [building] = initialTransition(segmentMachine, { purpose: 'vacuum' })
  const after = (...types: readonly string[]) =>
    types.reduce<typeof building>(
      (snapshot, type) => transition(segmentMachine, snapshot, { type } as never)[0],
      building
    ).value
  expect(after('segment.swapIn', 'segment.installed')).toEqual({ unloaded: 'building' })
  expect(after('state.completed', 'segment.installed')).toEqual({ unloaded: 'ready' })
  const loaded = ['state.completed', 'segment.swapIn', 'segment.installed']
  expect(after(...loaded, 'segment.discard')).toEqual({ loaded: 'serving' })
  expect(after(...loaded, 'successor.begun', 'successor.ended')).toEqual({ loaded: 'serving' })
  expect(after(...loaded, 'successor.begun', 'segment.replaced')).toBe('deleted')
})

const toGrowing = [
  { type: 'check.due' },
  planMade,
  { type: 'budget.granted' },
  { type: 'rows.copied' },
  { type: 'tail.replayed' }
]

test('an optimizer builds within the budget, gives it back, and plans anew when a newer plan cancels it', () => {
  expect(
    effectsOf(optimizerMachine, { shard: 0 }, [
      ...toGrowing,
      { type: 'plan.withdrawn', reason: 'newer settings' } as EventObject,
      { type: 'build.ended' }
    ])
  ).toEqual([
    'scheduleCheck',
    'cancelCheck',
    'releaseBudget',
    'makePlan',
    'requestBudget',
    'copyRows',
    'replayTail',
    'growGraph',
    'abortBuild',
    'releaseBudget',
    'makePlan'
  ])
})

test('an optimizer that swaps is not cancelled in the middle', () => {
  const names = effectsOf(optimizerMachine, { shard: 0 }, [
    ...toGrowing,
    { type: 'graph.grown' },
    { type: 'plan.withdrawn', reason: 'newer settings' } as EventObject,
    { type: 'segment.swapped' }
  ])
  expect(names).not.toContain('abortBuild')
  expect(names.slice(-4)).toEqual(['swapSegments', 'reportDone', 'releaseBudget', 'scheduleCheck'])
})

test('an optimizer that failed gives everything back, and tries again later', () => {
  const failed = { type: 'effect.failed', reason: 'no memory' } as EventObject
  const names = effectsOf(optimizerMachine, { shard: 0 }, [...toGrowing, failed])
  expect(names.slice(-4)).toEqual(['reportFailed', 'abortBuild', 'releaseBudget', 'scheduleRetry'])
})

test('a transfer that fails drops what it has, asks again, and gives up after its last attempt', () => {
  const failed = { type: 'effect.failed', reason: 'silence' } as EventObject
  const events = [
    { type: 'peer.chosen', peer: '7' },
    { type: 'snapshot.taken', nextOffset: '5', points: 3 },
    failed,
    { type: 'retry.due' },
    failed
  ]
  expect(effectsOf(transferMachine, { shard: 0, attemptsMax: 2 }, events)).toEqual([
    'askPeers',
    'takeSnapshot',
    'receiveState',
    'discardState',
    'scheduleRetry',
    'cancelRetry',
    'askPeers',
    'discardState',
    'reportAborted'
  ])
})
