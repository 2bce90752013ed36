import { readdirSync, readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { RestClient } from '../../scripts/demo/rest-client.ts'
import { type ServerProcess, startServerProcess } from '../../scripts/demo/server-process.ts'
import type { OptimizerFacts } from '../../src/domain/optimization.ts'
import { temporaryFolder } from '../support/folders.ts'
import { Random } from '../support/random.ts'
import { testSeed } from '../support/seed.ts'
import { isLongRun } from '../support/sizes.ts'
import { read, SoakModel, write } from '../support/soak-load.ts'
import {
  cosine,
  denseOf,
  dimension,
  groupOf,
  groups,
  type PointVersion,
  queryOf,
  sparseDot,
  sparseFrom,
  sparseOf
} from '../support/soak-points.ts'

const MiB = 1 << 20
/** Half an hour, or half a minute. */
const lives = isLongRun ? 6 : 3
const roundsPerLife = isLongRun ? 30 : 3
const roundMs = isLongRun ? 10_000 : 1_500
/** Rounds after which a process has grown to what it needs. */
const warmRounds = isLongRun ? 10 : 1
const writers = 3
const idsPerWriter = isLongRun ? 4_000 : 1_500
const collection = 'soaked'
const path = (rest: string) => `/collections/${collection}${rest}`

const arguments_ = [
  ...['--workers', '2', '--checkpoints.everyBytes', '1MiB', '--checkpoints.everyMs', '1000'],
  ...['--log.segmentBytes', '4MiB', '--log.retentionBytes', '16MiB']
]

async function withServer<Result>(
  data: string,
  work: (client: RestClient, server: ServerProcess) => Promise<Result>
): Promise<Result> {
  const server = await startServerProcess(['--data', data, ...arguments_])
  const client = new RestClient(server.port)
  try {
    while ((await client.send('GET', '/readyz')).status !== 200) await sleep(20)
    return await work(client, server)
  } catch (cause) {
    // Of a server that has ended the connections are told first.
    await sleep(1_000)
    const { exitCode, signalCode } = server.child
    const said = server.log.slice(-5).map((line) => JSON.stringify(line))
    throw new Error(
      `the server (exit ${exitCode} ${signalCode}) said ${said.join('\n')}\n${server.errors()}`,
      { cause }
    )
  } finally {
    client.close()
    await server.stop('SIGKILL')
  }
}

async function storedPoints(client: RestClient): Promise<Map<number, PointVersion>> {
  const body = { limit: writers * idsPerWriter + 1, with_payload: true }
  const { result } = await client.call('POST', path('/points/scroll'), body)
  const { points } = result as { points: { id: number; payload: PointVersion }[] }
  expect(new Set(points.map(({ id }) => id)).size, 'a point came twice').toBe(points.length)
  return new Map(points.map(({ id, payload }) => [id, payload]))
}

interface Hits {
  readonly points: readonly { readonly id: number; readonly score: number }[]
}

/** While nobody writes: what is found is what an exact look at the model finds. */
async function checkSearches(client: RestClient, model: SoakModel, random: Random) {
  const ask = async (body: object) =>
    ((await client.call('POST', path('/points/query'), { limit: 10, ...body }))['result'] as Hits)
      .points
  const best = (score: (id: number, version: PointVersion) => number | undefined) =>
    [...model.points]
      .map(([id, version]) => ({ id, score: score(id, version) ?? Number.NaN }))
      .filter(({ score: known }) => !Number.isNaN(known))
      .sort((a, b) => b.score - a.score)
      .slice(0, 10)
  let found = 0
  let wanted = 0
  // So many that one whose cluster the walk misses, which happens to one in thousands, does not decide.
  for (let round = 0; round < 40; round++) {
    const query = queryOf(random)
    const group = random.below(groups)
    const filter = { must: [{ key: 'group', match: { value: group } }] }
    const exact = await ask({ query, using: 'dense', filter, params: { exact: true } })
    const truth = best((id, version) =>
      groupOf(version.payload) === group ? cosine(query, denseOf(id, version.vectors)) : undefined
    )
    expect(exact.length).toBe(truth.length)
    for (const [index, { score }] of exact.entries())
      expect(Math.abs(score - (truth[index]?.score ?? 0))).toBeLessThan(1e-5)

    const near = new Set((await ask({ query, using: 'dense' })).map(({ id }) => id))
    const nearest = best((id, version) => cosine(query, denseOf(id, version.vectors)))
    wanted += nearest.length
    found += nearest.filter(({ id }) => near.has(id)).length

    const sparse = sparseFrom(random)
    const rare = await ask({ query: sparse, using: 'words' })
    const rarest = best(
      (id, version) => sparseDot(sparse, sparseOf(id, version.vectors)) || undefined
    )
    expect(rare.length).toBe(rarest.length)
    for (const [index, { score }] of rare.entries())
      expect(Math.abs(score - (rarest[index]?.score ?? 0))).toBeLessThan(1e-5)
  }
  expect(found / wanted, 'recall@10 through the graph').toBeGreaterThan(0.93)
}

/** Segments that were built and swapped in since the server started, and vectors that are found through the graph now. */
async function optimized(client: RestClient): Promise<{ done: number; indexed: number }> {
  const { result } = await client.call('GET', '/millrace/replicas')
  const collections = result as { shards: { optimizer: OptimizerFacts }[] }[]
  const facts = collections.flatMap(({ shards }) => shards.map(({ optimizer }) => optimizer))
  return {
    done: facts.reduce((sum, { done }) => sum + done, 0),
    indexed: facts.reduce((sum, { indexedVectors }) => sum + indexedVectors, 0)
  }
}

/** Resident bytes and open files of a process. */
function usageOf({ child }: ServerProcess) {
  const status = readFileSync(`/proc/${child.pid}/status`, 'utf8')
  const files = readdirSync(`/proc/${child.pid}/fd`).length
  return { bytes: Number(/^VmRSS:\s+(\d+)/m.exec(status)?.[1]) * 1024, files }
}

test('P1 P3 P9 a soak of writes, searches, optimizer jobs, checkpoints and restarts leaves every point as it was written, and grows nothing', {
  timeout: 7_200_000
}, async () => {
  const seed = testSeed()
  const random = new Random(seed)
  const data = temporaryFolder()
  const model = new SoakModel()
  let operations = 0
  let answers = 0
  let segments = 0

  await withServer(data, async (client) => {
    await client.call('PUT', path(''), {
      vectors: { dense: { size: dimension, distance: 'Cosine' } },
      sparse_vectors: { words: {} },
      hnsw_config: { m: 8, ef_construct: 64, full_scan_threshold: 10 },
      optimizers_config: {
        indexing_threshold: 20,
        deleted_threshold: 0.2,
        vacuum_min_vector_number: 100
      }
    })
  })

  for (let life = 0; life < lives; life++) {
    await withServer(data, async (client, server) => {
      expect(model.settle(await storedPoints(client)), `life ${life}, SEED=${seed}`).toEqual([])
      let warm = usageOf(server)
      for (let round = 0; round < roundsPerLife; round++) {
        let isOver = false
        // Of its own: a connection that was idle for long may be closed just when it is used again.
        const busy = new RestClient(server.port)
        const common = { client: busy, collection, isOver: () => isOver }
        const own = (number: number) => new Random(seed + operations + number)
        const work = Promise.all([
          ...Array.from({ length: writers }, (_, writer) =>
            write({
              ...common,
              model,
              random: own(writer),
              first: writer * idsPerWriter,
              ids: idsPerWriter,
              nextOperation: () => ++operations
            })
          ),
          ...[10, 11].map((number) => read({ ...common, random: own(number) }))
        ])
        await Promise.race([sleep(roundMs), work])
        isOver = true
        const { done, indexed } = await optimized(client)
        const isLast = round === roundsPerLife - 1
        if (isLast) segments += done
        expect(indexed + done, 'a graph, or its successor').toBeGreaterThan(0)
        const isKilled = isLast && life % 2 === 0
        if (isKilled) await server.stop('SIGKILL')
        for (const count of (await work).slice(writers)) answers += count ?? 0
        busy.close()
        if (isKilled) return
        expect(model.settle(await storedPoints(client)), `SEED=${seed}`).toEqual([])
        await checkSearches(client, model, random)
        if (round <= warmRounds) warm = usageOf(server)
      }
      const now = usageOf(server)
      expect(now.bytes, `memory, from ${warm.bytes}`).toBeLessThan(warm.bytes * 1.2 + 64 * MiB)
      expect(now.files, `open files, from ${warm.files}`).toBeLessThan(warm.files + 16)
      expect(await server.stop('SIGTERM')).toBe(0)
    })
  }

  await withServer(data, async (client) => {
    expect(model.settle(await storedPoints(client)), `at the end, SEED=${seed}`).toEqual([])
    await checkSearches(client, model, random)
    // A second state, from the log or the oldest checkpoint: equal to the digest.
    const { result } = await client.call('POST', `/millrace${path('/shards/0/rebuild')}`)
    expect(result).toMatchObject({ equal: true })
    const { result: optimizations } = await client.call('GET', path('/optimizations'))
    expect(JSON.stringify(optimizations)).not.toContain('failed')
  })
  const said = `${operations} writes, ${answers} searches, ${segments} segments built`
  console.log(`soak: ${said}, ${model.points.size} points`)
  expect(segments).toBeGreaterThan(0)
  expect(operations).toBeGreaterThan(100)
  expect(answers).toBeGreaterThan(100)
})
