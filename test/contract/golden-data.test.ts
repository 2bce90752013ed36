/** Data folders that earlier versions wrote: every build opens them, and finds in them what was there. */
import { cpSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import type { ReplicaDescription } from '../../actors/index.ts'
import { RestClient } from '../../scripts/demo/rest-client.ts'
import { verifyData } from '../../src/cli/verify.ts'
import { loadConfig } from '../../src/config/index.ts'
import { startServer } from '../../src/server.ts'
import { temporaryFolder } from '../support/folders.ts'
import { Random } from '../support/random.ts'
import { testSeed } from '../support/seed.ts'

interface Expected {
  readonly shards: readonly {
    readonly nextOffset: string
    readonly digest: string
    readonly points: string
    readonly fromCheckpoint: string
    readonly files: number
  }[]
  readonly sample: unknown
}

const golden = resolve(import.meta.dirname, '../fixtures/data-folders')

function copyOf(name: string): string {
  const copy = join(temporaryFolder(), name)
  cpSync(join(golden, name), copy, { recursive: true })
  return copy
}

function expectedOf(name: string): Expected {
  return JSON.parse(readFileSync(join(golden, name, 'expected.json'), 'utf8'))
}

/** Starts a server on a folder and reads what it holds. */
async function contentOf(data: string, expected: Expected) {
  const args = ['--port', '0', '--data', data, '--log-level', 'silent']
  const server = await startServer(loadConfig(args, {}))
  const client = new RestClient(server.address.port)
  try {
    while ((await client.send('GET', '/readyz')).status !== 200) await sleep(5)
    const replicas = await client.call('GET', '/millrace/replicas')
    const [collection] = replicas['result'] as { shards: ReplicaDescription[] }[]
    const shards = collection?.shards.map(({ nextOffset, digest, points, replay, checkpoint }) => ({
      nextOffset,
      digest,
      points,
      fromCheckpoint: replay.fromCheckpoint,
      files: checkpoint.newest?.files
    }))
    const ids = (expected.sample as { id: unknown }[]).map(({ id }) => id)
    const sample = await client.call('POST', '/collections/golden/points', {
      ids,
      with_payload: true,
      with_vector: true
    })
    return { shards, sample: sample['result'] }
  } finally {
    client.close()
    await server.stop('test')
  }
}

const digestsOf = (shards: readonly { digest: string; nextOffset: string }[] | undefined) =>
  shards?.map(({ digest, nextOffset }) => [digest, nextOffset])

describe.each(readdirSync(golden))('the data folder %s', (name) => {
  test('opens from its checkpoints and the end of its log', async () => {
    const expected = expectedOf(name)
    expect(await contentOf(copyOf(name), expected)).toEqual(expected)
  })

  test('opens from its log alone, with the same digests', async () => {
    const expected = expectedOf(name)
    const copy = copyOf(name)
    rmSync(join(copy, 'shards'), { recursive: true })
    const { shards, sample } = await contentOf(copy, expected)
    expect(sample).toEqual(expected.sample)
    expect(digestsOf(shards)).toEqual(digestsOf(expected.shards))
  })

  test('opens with the same digests when a byte of its checkpoints is damaged', async () => {
    const seed = testSeed('golden data')
    const random = new Random(seed)
    const expected = expectedOf(name)
    for (let round = 0; round < 6; round++) {
      const copy = copyOf(name)
      const files = readdirSync(join(copy, 'shards'), { recursive: true, encoding: 'utf8' })
      const file = random.pick(files.filter((path) => /\.(ckpt|manifest)$/.test(path)))
      const path = join(copy, 'shards', file)
      const bytes = readFileSync(path)
      const at = random.below(bytes.byteLength)
      bytes[at] = (bytes[at] ?? 0) ^ (1 << random.below(8))
      writeFileSync(path, bytes)
      const { shards, sample } = await contentOf(copy, expected)
      expect(sample).toEqual(expected.sample)
      expect(digestsOf(shards), `${path} at ${at}, SEED=${seed}`).toEqual(
        digestsOf(expected.shards)
      )
    }
  })

  test('is whole and equal in every way that its state can be computed', async () => {
    expect(await verifyData(copyOf(name))).toBe(0)
  })
})
