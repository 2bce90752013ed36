import { assign, setup } from 'xstate'

/** Facts about one collection's resources on this node, each told by the actor after an effect. */
export type CollectionEvent =
  | { type: 'topic.created' }
  | { type: 'shards.started' }
  | { type: 'schema.applied' }
  | { type: 'schema.changed' }
  | { type: 'collection.delete' }
  | { type: 'shards.stopped' }
  | { type: 'topic.deleted' }
  | { type: 'effect.failed'; reason: string }
  | { type: 'retry.due' }

export interface CollectionContext {
  readonly collectionId: string
  readonly attempts: number
  readonly lastError: string | undefined
}

/**
 * The life of a collection on a node: `creating` → `ready` → `deleting` → `deleted`, and from `ready` to
 * `changingSchema` and back. One that changes while it is applied is applied again by the same effect. A failed effect is
 * tried again when `retry.due` arrives; a deletion asked for in the middle of creating waits for no effect.
 */
export const collectionMachine = setup({
  types: {
    context: {} as CollectionContext,
    events: {} as CollectionEvent,
    input: {} as { collectionId: string }
  },
  actions: {
    createTopic: () => {},
    startShards: () => {},
    ensureSchema: () => {},
    announceReady: () => {},
    withdraw: () => {},
    stopShards: () => {},
    deleteTopic: () => {},
    scheduleRetry: () => {},
    noteFailure: assign(({ context, event }) =>
      event.type === 'effect.failed'
        ? { attempts: context.attempts + 1, lastError: event.reason }
        : {}
    ),
    clearFailure: assign({ attempts: 0, lastError: undefined })
  }
}).createMachine({
  id: 'collection',
  context: ({ input }) => ({ collectionId: input.collectionId, attempts: 0, lastError: undefined }),
  initial: 'creating',
  states: {
    creating: {
      on: { 'collection.delete': 'deleting' },
      initial: 'creatingTopic',
      states: {
        creatingTopic: {
          entry: 'createTopic',
          on: {
            'topic.created': { target: 'startingShards', actions: 'clearFailure' },
            'effect.failed': { actions: ['noteFailure', 'scheduleRetry'] },
            'retry.due': { target: 'creatingTopic', reenter: true }
          }
        },
        startingShards: {
          entry: 'startShards',
          on: {
            'shards.started': { target: 'applyingSchema', actions: 'clearFailure' },
            'effect.failed': { actions: ['noteFailure', 'scheduleRetry'] },
            'retry.due': { target: 'startingShards', reenter: true }
          }
        },
        applyingSchema: {
          entry: 'ensureSchema',
          on: {
            'schema.applied': { target: '#collection.ready', actions: 'clearFailure' },
            'effect.failed': { actions: ['noteFailure', 'scheduleRetry'] },
            'retry.due': { target: 'applyingSchema', reenter: true }
          }
        }
      }
    },
    ready: {
      entry: 'announceReady',
      on: { 'collection.delete': 'deleting', 'schema.changed': 'changingSchema' }
    },
    changingSchema: {
      entry: 'ensureSchema',
      on: {
        'collection.delete': 'deleting',
        'schema.applied': { target: 'ready', actions: 'clearFailure' },
        'effect.failed': { actions: ['noteFailure', 'scheduleRetry'] },
        'retry.due': { target: 'changingSchema', reenter: true }
      }
    },
    deleting: {
      entry: 'withdraw',
      initial: 'stoppingShards',
      states: {
        stoppingShards: {
          entry: 'stopShards',
          on: {
            'shards.stopped': { target: 'deletingTopic', actions: 'clearFailure' },
            'effect.failed': { actions: ['noteFailure', 'scheduleRetry'] },
            'retry.due': { target: 'stoppingShards', reenter: true }
          }
        },
        deletingTopic: {
          entry: 'deleteTopic',
          on: {
            'topic.deleted': { target: '#collection.deleted', actions: 'clearFailure' },
            'effect.failed': { actions: ['noteFailure', 'scheduleRetry'] },
            'retry.due': { target: 'deletingTopic', reenter: true }
          }
        }
      }
    },
    deleted: { type: 'final' }
  }
})
