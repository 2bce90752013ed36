/** docs/benchmarks/graph.md and its plots, written from what was measured. */
import { spawnSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { cpus, loadavg } from 'node:os'
import { join } from 'node:path'
import type { Curve, Measured } from './measured.ts'
import { plot } from './plot.ts'
import { root } from './tools.ts'

const recalls = [0.9, 0.95, 0.98, 0.99]

export function writeReport(
  folder: string,
  all: readonly Measured[],
  threads: number,
  rounds: number
): void {
  mkdirSync(folder, { recursive: true })
  const names = [...new Set(all.map(({ dataset }) => dataset))]
  const parts = names.map((name) => {
    const own = all.filter(({ dataset }) => dataset === name)
    const file = `${name.replace(/[^a-z0-9]+/g, '-')}.svg`
    writeFileSync(join(folder, file), plot(name, curvesOf(own)))
    return [
      `## ${name}`,
      `![recall against queries per second](${file})`,
      recallTable(own),
      buildTable(own),
      filterTable(own)
    ].join('\n\n')
  })
  writeFileSync(join(folder, 'graph.md'), `${head(threads, rounds)}\n\n${parts.join('\n\n')}\n`)
}

function curvesOf(own: readonly Measured[]): readonly Curve[] {
  const searches = own.filter(({ ask }) => ask.startsWith('search'))
  return [...new Set(searches.map(({ name }) => name))].map((name) => ({
    name,
    points: searches
      .filter((one) => one.name === name)
      .sort((a, b) => a.recall - b.recall || b.cpuUs - a.cpuUs)
  }))
}

/** @returns a figure at this recall, between the two measured beside it; nothing when none is as good */
export function at(
  points: readonly Measured[],
  recall: number,
  of: (one: Measured) => number
): number | undefined {
  const above = points.findIndex((point) => point.recall >= recall)
  const right = points[above]
  if (right === undefined) return undefined
  const left = points[above - 1]
  if (left === undefined) return of(right)
  const part = (recall - left.recall) / (right.recall - left.recall)
  // Between the logarithms: both curves bend that way.
  return Math.exp(Math.log(of(left)) * (1 - part) + Math.log(of(right)) * part)
}

function head(threads: number, rounds: number): string {
  const commit = spawnSync('git', ['rev-parse', '--short', 'HEAD'], { cwd: root, encoding: 'utf8' })
  return [
    '# The graph beside its peers',
    `Measured ${new Date().toISOString().slice(0, 10)} at ${commit.stdout.trim() || 'no commit'} on ${cpus()[0]?.model ?? 'an unknown processor'}, ${cpus().length} cores, by`,
    '    npm run bench -- engine --size real --folder DATA',
    `All competitors search the same vectors with ${threads} threads for the 10 nearest by cosine, against exact truth; each in a process of its own, all asked in turn, ${rounds} times; medians. The load average at the end was ${loadavg()[2]?.toFixed(1)} over 15 minutes: where it is far above ${threads}, others used the machine too, and queries per second and seconds are worth little. The engine is asked through its shard, ids and exact scores included; its peers through their Python packages, which search a whole batch in native threads. Columns are links/ef_construct. CPU is the time of the whole process for one query, which others disturb less; MiB is what the process grew by, files that it maps included.`,
    'wink: 339,479 × 100 word vectors, hard. latent: drawn, see bench/engine/data.py; so many rows as let a run end within an hour on two cores.'
  ].join('\n\n')
}

function table(rows: readonly (readonly string[])[]): string {
  const [first = [], ...rest] = rows
  return [first, first.map(() => '---'), ...rest].map((row) => `| ${row.join(' | ')} |`).join('\n')
}

function recallTable(own: readonly Measured[]): string {
  const cell = (points: readonly Measured[], recall: number) => {
    const qps = at(points, recall, (one) => one.qps)
    const cpu = at(points, recall, (one) => one.cpuUs)
    return qps === undefined || cpu === undefined
      ? '–'
      : `${Math.round(qps)} (${cpu.toFixed(0)} µs)`
  }
  return table([
    ['queries/s (CPU per query) at recall@10', ...recalls.map(String)],
    ...curvesOf(own).map(({ name, points }) => [name, ...recalls.map((r) => cell(points, r))])
  ])
}

function buildTable(own: readonly Measured[]): string {
  return table([
    ['build', 'seconds', 'CPU seconds', 'MiB with the vectors'],
    ...curvesOf(own).flatMap(({ name, points: [one] }) =>
      one === undefined
        ? []
        : [
            [
              name,
              ...[one.built.buildS, one.built.buildCpuS, one.built.mb].map((n) => n.toFixed(1))
            ]
          ]
    )
  ])
}

/** The latency beside that of the same search without a filter. */
function filterTable(own: readonly Measured[]): string {
  const rows = own.flatMap((one) => {
    const [what, share = '', drawn, ef] = one.ask.split(' ')
    if (what !== 'filter') return []
    const open = own.find(({ name, ask }) => name === one.name && ask === `search ${ef}`)
    const ratio = open === undefined ? '–' : (one.cpuUs / open.cpuUs).toFixed(2)
    const which = drawn === 'near' ? 'nearest to a direction' : 'at random'
    return [[one.name, share, which, one.path ?? '', one.recall.toFixed(3), ratio]]
  })
  return table([
    ['filter', 'share that passes', 'drawn', 'path', 'recall', 'CPU / unfiltered'],
    ...rows
  ])
}
