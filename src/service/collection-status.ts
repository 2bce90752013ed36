import type { CollectionView, ShardView } from '../domain/directory.ts'
import type { CollectionFacts } from '../domain/node-port.ts'
import type { OptimizerFacts } from '../domain/optimization.ts'

/** From best to worst. */
const colours = ['green', 'grey', 'yellow', 'red'] as const
type Colour = (typeof colours)[number]

export interface CollectionStatus {
  /**
   * `green`: everything is there and as good as it gets. `grey`: something could be made better, and waits or may not begin.
   * `yellow`: it is being made better, or replayed. `red`: a shard stopped, or what would make it better failed.
   */
  readonly status: Colour
  readonly optimizer_status: 'ok' | { readonly error: string }
  /** Why it is not green, one sentence for each shard. */
  readonly reasons: readonly string[]
}

/** The worst of the shards. */
export function collectionStatus(
  view: CollectionView,
  facts: CollectionFacts | undefined
): CollectionStatus {
  const found = view.shards.map((shard) => {
    const optimizer = facts?.shards.find((one) => one.shard === shard.shard)?.optimizer
    return { ...(ofShard(shard) ?? ofOptimizer(optimizer)), shard: shard.shard }
  })
  const worst = Math.max(0, ...found.map(({ status }) => colours.indexOf(status)))
  const failed = found.find(({ status }) => status === 'red')
  return {
    status: colours[worst] ?? 'green',
    optimizer_status: failed === undefined ? 'ok' : { error: failed.reason },
    reasons: found.flatMap(({ status, reason, shard }) =>
      status === 'green' ? [] : [`shard ${shard} is ${status}: ${reason}`]
    )
  }
}

interface Finding {
  readonly status: Colour
  readonly reason: string
}

const green: Finding = { status: 'green', reason: '' }

function ofShard({ status }: ShardView): Finding | undefined {
  if (status.kind === 'stopped') return { status: 'red', reason: status.reason }
  if (status.kind === 'running') return undefined
  return { status: 'yellow', reason: `${status.lagRecords} records of the log are to be applied` }
}

function ofOptimizer(optimizer: OptimizerFacts | undefined): Finding {
  if (optimizer === undefined) return green
  const { state, current, forbidden, lastError, waitingVectors, indexEtaMs } = optimizer
  if (state === 'backingOff') return { status: 'red', reason: lastError ?? 'unknown' }
  if (current?.status === 'running') {
    const phase = current.phases.at(-1)?.name ?? 'beginning'
    return { status: 'yellow', reason: `${current.kind}, ${phase}, because ${current.reason}` }
  }
  if (waitingVectors > 0 && forbidden?.by !== 'max_optimization_threads') {
    const eta = indexEtaMs === null ? '' : `, about ${Math.ceil(indexEtaMs / 1000)} s`
    return { status: 'yellow', reason: `${waitingVectors} vectors wait to be indexed${eta}` }
  }
  if (current !== null) {
    return { status: 'grey', reason: `${current.kind} waits for its turn: ${current.reason}` }
  }
  if (forbidden !== null) {
    const reason = `${forbidden.kind} is not allowed by ${forbidden.by}: ${forbidden.reason}`
    return { status: 'grey', reason }
  }
  return green
}
