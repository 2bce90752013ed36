/** How fast is the engine beside its peers, at equal recall? In one process each, asked in turn. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Built, Competitor } from './engine/competitor.ts'
import type { Measured } from './engine/measured.ts'
import { writeReport } from './engine/report.ts'
import { nativeBench, pythonWithPeers, run as runProgram, scripts } from './engine/tools.ts'

interface Dataset {
  readonly name: string
  /** of data.py, without the folder that it fills */
  readonly args: readonly string[]
}

interface Entry {
  readonly kind: 'millrace' | 'hnswlib' | 'usearch' | 'faiss' | 'qdrant-edge'
  readonly links: number
  readonly efConstruct: number
}

const threads = 2
/** What the engine takes where nobody names `m` and `ef_construct`: the one that is asked under filters too. */
const ownChoice = 'millrace 24/200'
const filterShares = [0.5, 0.2, 0.1, 0.05, 0.01, 0.001]
const filterEf = 128

const entries: readonly Entry[] = [
  { kind: 'millrace', links: 16, efConstruct: 100 },
  { kind: 'millrace', links: 24, efConstruct: 200 },
  { kind: 'hnswlib', links: 16, efConstruct: 100 },
  { kind: 'hnswlib', links: 24, efConstruct: 200 },
  { kind: 'usearch', links: 16, efConstruct: 100 },
  { kind: 'faiss', links: 16, efConstruct: 100 },
  { kind: 'qdrant-edge', links: 16, efConstruct: 100 }
]

/** `real` reads wink_base.npy, wink_q.npy and wink_gt.npy from `folder`; without one, it leaves wink out. */
export async function run(options: {
  readonly size: 'small' | 'real'
  readonly folder?: string
  /** where the table and the plots go; of the real size: docs/benchmarks */
  readonly report?: string
  /** some of the competitors only, `wink` only, and how often all are asked: for those in a hurry */
  readonly kinds?: readonly Entry['kind'][]
  readonly isWinkOnly?: boolean
  readonly rounds?: number
}): Promise<Measured[]> {
  const isSmall = options.size === 'small'
  const python = pythonWithPeers()
  const native = nativeBench()
  const rounds = options.rounds ?? (isSmall ? 1 : 5)
  const chosen = entries.filter(({ kind }) => options.kinds?.includes(kind) ?? true)
  const all: Measured[] = []
  for (const dataset of datasets(isSmall, options.folder))
    if (!options.isWinkOnly || dataset.name === 'wink')
      all.push(...(await measure(dataset, python, native, chosen, rounds)))
  const report = options.report ?? (isSmall ? undefined : join(scripts, '../../docs/benchmarks'))
  if (report !== undefined) writeReport(report, all, threads, rounds)
  return all
}

function datasets(isSmall: boolean, folder: string | undefined): readonly Dataset[] {
  const latent = (rows: number, dimension: number, queries: number): Dataset => ({
    name: `latent ${rows} × ${dimension}`,
    args: ['latent', String(rows), String(dimension), String(queries)]
  })
  if (isSmall) return [latent(3000, 32, 100)]
  const wink = folder === undefined ? [] : [{ name: 'wink', args: ['wink', folder] }]
  return [...wink, latent(100_000, 128, 1000), latent(40_000, 768, 500), latent(20_000, 1536, 500)]
}

async function measure(
  dataset: Dataset,
  python: string,
  native: string,
  chosen: readonly Entry[],
  rounds: number
): Promise<Measured[]> {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-engine-'))
  const open: { name: string; kind: Entry['kind']; competitor: Competitor; built: Built }[] = []
  try {
    const data = [join(scripts, 'data.py'), ...dataset.args, folder]
    const { rows, dimension, queries } = JSON.parse(
      runProgram(python, data, 'the data cannot be made')
    )
    for (const { kind, links, efConstruct } of chosen) {
      const numbers = [rows, dimension, queries, links, efConstruct, threads].map(String)
      const program = kind === 'millrace' ? [native] : [python, join(scripts, 'peers.py'), kind]
      const competitor = new Competitor([...program, folder, ...numbers])
      const entry = { name: `${kind} ${links}/${efConstruct}`, kind, competitor }
      // One after the other: no build takes time from another.
      open.push({ ...entry, built: await built(competitor) })
      process.stderr.write(`  ${dataset.name}: ${entry.name} is built\n`)
    }
    const results = new Map<string, Measured[]>()
    for (let round = 0; round < rounds; round++)
      for (const { name, ask, index } of questions(
        open.map(({ name, kind }) => ({ name, kind }))
      )) {
        const asked = open[index]
        if (asked === undefined) continue
        const answer = await asked.competitor.ask(ask)
        const key = `${name} ${ask}`
        const one = { dataset: dataset.name, name, ask, built: asked.built, ...answer }
        results.set(key, [...(results.get(key) ?? []), one])
      }
    return [...results.values()].map(medianOf)
  } finally {
    for (const { competitor } of open) competitor.close()
    rmSync(folder, { recursive: true, force: true })
  }
}

async function built(competitor: Competitor): Promise<Built> {
  try {
    return await competitor.built()
  } catch (error) {
    competitor.close()
    throw error
  }
}

/** In the order in which they are asked: each breadth of all competitors, then the filters of the engine. */
function* questions(open: readonly { readonly name: string; readonly kind: Entry['kind'] }[]) {
  // The engine needs no wider list for the recall that its peers reach with these.
  for (const ef of [16, 24, 32, 48, 64, 96, 128, 192, 256, 384, 512, 768, 1024])
    for (const [index, { name, kind }] of open.entries())
      if (kind === 'millrace' ? ef <= 512 : ef >= 32) yield { name, ask: `search ${ef}`, index }
  for (const [index, { name }] of open.entries())
    if (name === ownChoice)
      for (const share of filterShares)
        for (const drawn of ['any', 'near'])
          yield { name, ask: `filter ${share} ${drawn} ${filterEf}`, index }
}

function medianOf(rounds: readonly Measured[]): Measured {
  const middle = (of: (one: Measured) => number) =>
    rounds.map(of).sort((a, b) => a - b)[rounds.length >> 1] ?? 0
  const [first] = rounds
  if (first === undefined) throw new Error('nothing was measured')
  return { ...first, qps: middle(({ qps }) => qps), cpuUs: middle(({ cpuUs }) => cpuUs) }
}
