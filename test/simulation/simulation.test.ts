import { expect, test } from 'vitest'
import { isLongRun } from '../support/sizes.ts'
import { type SimulationReport, simulate } from './simulate.ts'

/** SEED runs one seed and prints all that happens in it; SEEDS and FIRST_SEED choose others than the sizes do. */
const given = Number(process.env['SEED'])
const isOne = given > 0
const seeds = isOne ? 1 : Number(process.env['SEEDS'] ?? (isLongRun ? 100_000 : 1_000))
const firstSeed = isOne ? given : Number(process.env['FIRST_SEED'] ?? 1)
const timeoutMs = 24 * 3_600_000
const failuresMax = 5

function tell({ seed, plan, violations }: SimulationReport): string {
  return [`SEED=${seed}`, JSON.stringify(plan), ...violations].join('\n  ')
}

test(
  'P1 P2 P3 P5 P6 hold through crashes, pauses, partitions and lost, late and doubled messages',
  async () => {
    const startedMs = performance.now()
    const failed: string[] = []
    const sums = { steps: 0, acknowledged: 0, observed: 0 }
    for (let seed = firstSeed; seed < firstSeed + seeds; seed++) {
      const report = await simulate(seed, { keepsLines: isOne })
      for (const name of ['steps', 'acknowledged', 'observed'] as const) sums[name] += report[name]
      if (isOne) console.log([...report.lines, tell(report)].join('\n'))
      if (report.violations.length > 0) failed.push(tell(report))
      if (failed.length >= failuresMax) break
      if (seed % 10_000 === 0) console.log(`simulation: at seed ${seed}`, sums)
    }
    const seconds = ((performance.now() - startedMs) / 1000).toFixed(1)
    console.log(`simulation: ${seeds} seeds from ${firstSeed} on in ${seconds} s`, sums)
    expect(failed.join('\n'), 'SEED=… npx vitest run test/simulation replays a seed').toBe('')
    // A simulation in which nothing is written or read proves nothing.
    expect(isOne || sums.acknowledged > 10 * seeds).toBe(true)
    expect(isOne || sums.observed > 5 * seeds).toBe(true)
  },
  timeoutMs
)

test('the same seed gives the same events in the same order', async () => {
  for (const seed of [3, 17, 101, 4_711]) {
    const first = await simulate(seed, { keepsLines: true })
    const second = await simulate(seed, { keepsLines: true })
    expect(second.lines).toEqual(first.lines)
    expect(second.traceHash).toBe(first.traceHash)
    expect((await simulate(seed + 1)).traceHash).not.toBe(first.traceHash)
  }
})
