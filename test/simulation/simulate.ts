import { metadataTopic } from '../../actors/index.ts'
import { isSameMetadata } from '../../src/cluster/index.ts'
import { topicOf } from '../../src/domain/directory.ts'
import { Random } from '../support/random.ts'
import { type ChaosPlan, drawPlan, unleash } from './chaos.ts'
import { historyOf, type ShardHistory, valueAt } from './oracle.ts'
import { World } from './world.ts'

export interface SimulationReport {
  readonly seed: number
  /** What did not hold; none when all is well. */
  readonly violations: readonly string[]
  /** Of every event in order: the same seed gives the same hash. */
  readonly traceHash: number
  readonly lines: readonly string[]
  readonly plan: ChaosPlan
  readonly steps: number
  readonly virtualMs: number
  readonly acknowledged: number
  readonly observed: number
}

const chaosMs = 25_000
const quietMsMax = 1_200_000
const stepsMax = 60_000

/** Runs nodes, log and clients of one seed through its faults, mends everything, and checks what must hold. */
export async function simulate(
  seed: number,
  options: { readonly keepsLines?: boolean; readonly calls?: number } = {}
): Promise<SimulationReport> {
  const random = new Random(seed)
  const plan = drawPlan(random)
  const world = await World.of(seed, random, options.keepsLines ?? false)
  const { scheduler, ledger, nodes, clients } = world

  for (const node of nodes) node.start()
  const created = clients[0]?.create()
  unleash(world, plan, random, chaosMs)
  const begin = () => {
    for (const client of clients) client.run(options.calls ?? 30)
  }
  // Half of the runs write while the collections come to life.
  if (random.chance(0.5)) begin()
  else created?.then(begin)

  const areClientsDone = () => world.isMended && clients.every(({ isDone }) => isDone)
  const isQuiet = () => areClientsDone() && isAtRest(world)
  const isDone = await scheduler.run(isQuiet, chaosMs + quietMsMax, stepsMax)
  if (!isDone) ledger.fail(`does not come to rest: ${restlessness(world).join('; ')}`)
  else await check(world)
  return {
    seed,
    violations: ledger.violations,
    traceHash: world.traceHash,
    lines: world.lines,
    plan,
    steps: scheduler.steps,
    virtualMs: Math.round(scheduler.nowMs),
    acknowledged: ledger.acknowledged.length,
    observed: ledger.observed.length
  }
}

/** Every node is ready, and has applied the whole of every partition. */
function isAtRest(world: World): boolean {
  const isUp = world.nodes.every(({ node }) => node?.isReady() === true)
  return isUp && hasMetadata(world) && lags(world).length === 0
}

/** Every node has reduced the whole metadata log. */
function hasMetadata({ nodes, log }: World): boolean {
  const end = String(log.store.topics.get(metadataTopic)?.[0]?.endOffset ?? 0)
  return nodes.every(({ node }) =>
    node?.actors().some(({ kind, offset }) => kind === 'metadata' && offset === end)
  )
}

function restlessness(world: World): string[] {
  const reasons = world.nodes.flatMap(({ name, node }) =>
    (node?.readiness().reasons ?? ['it does not run']).map((reason) => `${name}: ${reason}`)
  )
  const waiting = world.clients.filter(({ isDone }) => !isDone).map(({ name }) => name)
  return [...reasons, ...lags(world), ...waiting.map((name) => `${name} is not done`)]
}

/** A deleted collection's topic may be left behind until the next start; nobody waits for it. */
function lags({ nodes, log }: World): string[] {
  return nodes.flatMap((node) =>
    [...(node.node?.metadata().collections.values() ?? [])].flatMap(({ id, generation }) => {
      const topic = topicOf(id, generation)
      return (log.store.topics.get(topic) ?? []).flatMap(({ endOffset: end }, shard) => {
        const at = node.shard(`${topic}/${shard}`)?.nextOffset ?? 0
        return at === end
          ? []
          : [`${node.name} has ${topic}/${shard} before ${at}, its end is ${end}`]
      })
    })
  )
}

async function check(world: World): Promise<void> {
  const { ledger, log } = world
  const metadata = world.nodes.flatMap(({ node }) => (node === undefined ? [] : [node.metadata()]))
  const [first] = metadata
  if (first === undefined) return
  if (metadata.some((other) => !isSameMetadata(first, other)))
    ledger.fail('two nodes have reduced the metadata to different states')

  const histories = new Map<string, ShardHistory>()
  for (const { id, generation, spec } of first.collections.values()) {
    const topic = topicOf(id, generation)
    for (let shard = 0; shard < spec.shardNumber; shard++) {
      if (!log.store.topics.has(topic)) {
        ledger.fail(`P1 the topic ${topic} of a living collection is gone`)
        continue
      }
      const history = await historyOf(log.store, topic, shard)
      histories.set(`${id}/${shard}`, history)
      checkReplicas(world, `${topic}/${shard}`, history)
    }
  }
  checkAcknowledged(world, histories)
  checkObserved(world, histories)
}

function checkReplicas({ nodes, ledger }: World, key: string, history: ShardHistory): void {
  const states = nodes.map((node) => ({ node, shard: node.shard(key) }))
  const digests = new Set(states.map(({ shard }) => shard?.digest()))
  if (digests.size !== 1) ledger.fail(`P6 ${key}: ${[...digests].join(' and ')}`)
  for (const { node, shard } of states) {
    for (const id of history.changes.keys()) {
      const expected = valueAt(history, id, history.end)
      const found = shard?.get(id)?.value ?? null
      if (found !== expected)
        ledger.fail(`P3 ${node.name} has ${found} at point ${id} of ${key}, not ${expected}`)
    }
  }
}

function checkAcknowledged({ ledger }: World, histories: ReadonlyMap<string, ShardHistory>): void {
  for (const { collectionId, shard, offset, operation } of ledger.acknowledged) {
    const history = histories.get(`${collectionId}/${shard}`)
    // Its collection was deleted.
    if (history === undefined) continue
    const found = history.operations.get(operation)
    if (found === undefined) ledger.fail(`P1 ${operation} was acknowledged and is lost`)
    else if (found > Number(offset))
      ledger.fail(`P5 ${operation} has offset ${found}, its token says ${offset}`)
  }
}

function checkObserved({ ledger }: World, histories: ReadonlyMap<string, ShardHistory>): void {
  for (const one of ledger.observed) {
    const history = histories.get(`${one.collectionId}/${one.shard}`)
    if (history === undefined) continue
    const { id, node, nextOffset, value, after } = one
    const expected = valueAt(history, id, nextOffset)
    if (value !== expected)
      ledger.fail(`P2 ${node} read ${value} at ${nextOffset} for point ${id}, not ${expected}`)
    if (after !== undefined && nextOffset <= after)
      ledger.fail(`P5 ${node} read before ${nextOffset} though the token says ${after}`)
  }
}
