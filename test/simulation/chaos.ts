import type { Random } from '../support/random.ts'
import type { World } from './world.ts'

/** What may happen in one run; each seed draws its own, so that rare faults meet with quiet neighbours. */
export interface ChaosPlan {
  readonly network: boolean
  readonly logFaults: boolean
  readonly torn: boolean
  readonly disk: boolean
  readonly crashes: boolean
  readonly powerLoss: boolean
  readonly pauses: boolean
  readonly partitions: boolean
  readonly logCrashes: boolean
  readonly everyMs: number
}

export function drawPlan(random: Random): ChaosPlan {
  const may = (chance = 0.5) => random.chance(chance)
  return {
    network: may(0.7),
    logFaults: may(),
    torn: may(),
    disk: may(0.3),
    crashes: may(0.7),
    powerLoss: may(),
    pauses: may(),
    partitions: may(),
    logCrashes: may(0.4),
    everyMs: 300 + random.below(1_500)
  }
}

/** Breaks things until `endMs`, and mends everything then. */
export function unleash(world: World, plan: ChaosPlan, random: Random, endMs: number): void {
  const { scheduler, network, log } = world
  if (plan.network) {
    const share = () => random.next() * 0.06
    Object.assign(network.rates, { lost: share(), duplicated: share(), slow: share() })
  }
  const share = () => (plan.logFaults ? random.next() * 0.05 : 0)
  log.setFaults(
    {
      slow: share() * 3,
      slowMsMax: 400,
      full: share(),
      failed: share(),
      unknown: share(),
      duplicated: share()
    },
    plan.torn ? random.next() * 0.2 : 0
  )
  for (const node of world.nodes) node.diskErrorRate = plan.disk ? random.next() * 0.05 : 0

  const strike = () => {
    if (scheduler.nowMs >= endMs) {
      mend(world)
      return
    }
    const faults = faultsOf(world, plan, random)
    if (faults.length > 0) random.pick(faults)()
    scheduler.at(random.next() * 2 * plan.everyMs, undefined, 'strike', strike)
  }
  scheduler.at(plan.everyMs, undefined, 'strike', strike)
}

function faultsOf(world: World, plan: ChaosPlan, random: Random): (() => void)[] {
  const { scheduler, network, log, nodes } = world
  const after = (ms: number, label: string, call: () => void) =>
    scheduler.at(ms, undefined, label, call)
  const node = random.pick(nodes)
  const { host } = node
  const shortMs = random.next() * 3_000
  const longMs = random.next() * 12_000
  const revive = () => {
    if (!node.isUp) node.start()
  }
  const faults: (() => void)[] = []
  if (plan.crashes && node.isUp) {
    const keepsCache = !plan.powerLoss || random.chance(0.5)
    const kill = () => {
      world.trace(`kill ${node.name}`)
      node.kill(keepsCache)
      after(shortMs, `revive ${node.name}`, revive)
    }
    const stop = () => {
      world.trace(`stop ${node.name}`)
      node.stop()
      after(longMs + 30_000, `revive ${node.name}`, revive)
    }
    faults.push(kill, kill, stop)
  }
  if (plan.pauses && node.isUp && !host.isPaused) {
    faults.push(() => {
      world.trace(`pause ${node.name}`)
      host.pause()
      after(longMs, `resume ${node.name}`, () => host.resume())
    })
  }
  if (plan.partitions) {
    const name = random.pick([...nodes.map((one) => one.name), 'log'])
    faults.push(() => {
      world.trace(`cut ${name}`)
      network.cut(name)
      after(longMs, 'heal', () => network.heal())
    })
  }
  if (plan.logCrashes) {
    faults.push(() => {
      world.trace('log crashes')
      log.crash()
      after(shortMs, 'log is back', () => log.open())
    })
  }
  return faults
}

/** From here on nothing fails any more. */
function mend(world: World): void {
  const { network, log, nodes } = world
  world.trace('mend')
  Object.assign(network.rates, { lost: 0, duplicated: 0, slow: 0 })
  network.heal()
  log.open()
  log.setFaults({}, 0)
  for (const node of nodes) {
    node.diskErrorRate = 0
    node.host.resume()
    if (!node.isUp) node.start()
  }
  world.isMended = true
}
