/** How fast are upload and search over REST? Driven by vload where it is to be had, recall against brute force. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startServerProcess } from '../scripts/demo/server-process.ts'
import { Random } from '../test/support/random.ts'
import { writeNpy } from './npy.ts'
import type { LoadLine } from './own-loader.ts'
import { runLoader } from './vload.ts'

/** `real` reads wink_base.npy, wink_q.npy and wink_gt.npy from `folder`. */
export async function run(options: {
  readonly size: 'small' | 'real'
  readonly folder?: string
  readonly seconds?: number
}): Promise<LoadLine[]> {
  const scratch = mkdtempSync(join(tmpdir(), 'millrace-bench-'))
  const server = await startServerProcess(['--data', join(scratch, 'data')])
  try {
    const isSmall = options.size === 'small'
    const files = isSmall ? makeData(scratch) : filesIn(options.folder ?? '.')
    const common = [
      '-url',
      `http://127.0.0.1:${server.port}`,
      '-base',
      files.base,
      '-q',
      files.queries,
      '-gt',
      files.truth
    ]
    const seconds = String(options.seconds ?? (isSmall ? 0.5 : 5))
    const lines: LoadLine[] = []
    for (const [label, batch, connections, wait, limit] of uploads(isSmall)) {
      await runLoader([...common, 'create'])
      const flags = [
        '-label',
        label,
        '-batch',
        batch,
        '-conc',
        connections,
        `-wait=${wait}`,
        '-n',
        limit
      ]
      lines.push(...(await runLoader([...common, ...flags, 'upload'])))
    }
    await runLoader([...common, 'create'])
    await runLoader([...common, '-batch', '512', 'upload'])
    for (const connections of isSmall ? ['2'] : ['1', '4']) {
      lines.push(
        ...(await runLoader([
          ...common,
          '-label',
          `search conc ${connections}`,
          '-conc',
          connections,
          '-ef',
          '128',
          '-secs',
          seconds,
          'search'
        ]))
      )
    }
    await runLoader([...common, 'create'])
    await runLoader([...common, '-n', '1000', 'upload'])
    const small = common.slice(0, -2)
    for (const connections of isSmall ? ['4'] : ['1', '4', '16']) {
      lines.push(
        ...(await runLoader([
          ...small,
          '-label',
          `1000 points conc ${connections}`,
          '-conc',
          connections,
          '-ef',
          '128',
          '-secs',
          seconds,
          'search'
        ]))
      )
    }
    return lines
  } finally {
    await server.stop()
    rmSync(scratch, { recursive: true, force: true })
  }
}

/** label, batch, connections, wait, points (0: all) */
function uploads(
  isSmall: boolean
): readonly (readonly [string, string, string, boolean, string])[] {
  if (isSmall) return [['upload batch 256', '256', '2', true, '0']]
  return [
    ['upload batch 256 conc 2 wait', '256', '2', true, '0'],
    ['upload batch 64 conc 4 wait', '64', '4', true, '0'],
    ['upload batch 1024 conc 4 wait', '1024', '4', true, '0'],
    ['upload batch 64 conc 4', '64', '4', false, '0'],
    ['upload batch 1024 conc 4', '1024', '4', false, '0'],
    ['single conc 4 wait', '1', '4', true, '30000'],
    ['single conc 4', '1', '4', false, '30000']
  ]
}

interface Files {
  readonly base: string
  readonly queries: string
  readonly truth: string
}

function filesIn(folder: string): Files {
  const named = (name: string) => join(folder, `wink_${name}.npy`)
  return { base: named('base'), queries: named('q'), truth: named('gt') }
}

const dimension = 100
const rows = 4000
const queryCount = 50

/** Random directions with exact cosine neighbours. */
function makeData(folder: string): Files {
  const random = new Random(1)
  const unit = (count: number) => {
    const data = Float32Array.from({ length: count * dimension }, () => random.next() - 0.5)
    for (let row = 0; row < count; row++) {
      const vector = data.subarray(row * dimension, (row + 1) * dimension)
      const norm = Math.hypot(...vector)
      vector.forEach((component, at) => {
        vector[at] = component / norm
      })
    }
    return data
  }
  const base = unit(rows)
  const queries = unit(queryCount)
  const neighbours = new BigInt64Array(queryCount * 10)
  for (let query = 0; query < queryCount; query++)
    neighbours.set(nearest(base, queries, query), query * 10)
  const files = filesIn(folder)
  writeNpy(files.base, base, [rows, dimension])
  writeNpy(files.queries, queries, [queryCount, dimension])
  writeNpy(files.truth, neighbours, [queryCount, 10])
  return files
}

function nearest(base: Float32Array, queries: Float32Array, query: number): BigInt64Array {
  const scores = Array.from({ length: rows }, (_, row) => {
    let dot = 0
    for (let at = 0; at < dimension; at++) {
      dot += (base[row * dimension + at] ?? 0) * (queries[query * dimension + at] ?? 0)
    }
    return { row, dot }
  })
  scores.sort((a, b) => b.dot - a.dot)
  return BigInt64Array.from(scores.slice(0, 10), ({ row }) => BigInt(row))
}
