import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, expect, test } from 'vitest'
import { NatsClient } from '../../scripts/demo/nats-client.ts'
import { type ServerProcess, startServerProcess } from '../../scripts/demo/server-process.ts'
import { NatsServer, natsSetupMs } from '../support/nats-server.ts'
import { ownPrefix, sharedKafka } from '../support/shared-kafka.ts'

const run = promisify(execFile)
const cleanups: (() => unknown)[] = []

afterAll(async () => {
  for (const clean of cleanups.toReversed()) await clean()
})

interface Block {
  readonly language: string
  readonly text: string
}

/** The blocks of a page that are marked to be run, in order. */
async function blocksOf(page: string): Promise<Block[]> {
  const text = await readFile(page, 'utf8')
  return [...text.matchAll(/^```(sh|js) run\n(.*?)^```$/gms)].map(
    ([, language = '', block = '']) => ({ language, text: block })
  )
}

/** Runs a block as a reader would who copies it. @returns what it prints @throws with what it said when it fails */
async function runBlock({ language, text }: Block, env: NodeJS.ProcessEnv): Promise<string> {
  const [program, args] =
    language === 'js'
      ? [process.execPath, ['--input-type=module', '-e', text]]
      : ['bash', ['-euo', 'pipefail', '-c', text]]
  const { stdout } = await run(program, args, { env, timeout: 60_000 })
  return stdout
}

async function startNode(args: readonly string[]): Promise<ServerProcess> {
  const data = mkdtempSync(join(tmpdir(), 'millrace-guide-'))
  cleanups.push(() => rmSync(data, { recursive: true, force: true }))
  const node = await startServerProcess(['--data', data, ...args])
  cleanups.push(() => node.stop())
  return node
}

test('the lines of docs/guide/streaming.md do what it says', { timeout: natsSetupMs }, async () => {
  const blocks = await blocksOf('docs/guide/streaming.md')
  const kafka = await sharedKafka()
  const nats = await NatsServer.start()
  cleanups.push(() => nats.close())
  const args = [
    ...['--log.driver', 'kafka', '--log.kafka.brokers', kafka, '--log.kafka.prefix', ownPrefix()],
    ...['--nats.url', nats.url, '--ingest.brokers', kafka]
  ]
  const [node, other] = await Promise.all([startNode(args), startNode(args)])
  const client = await NatsClient.connect(nats.url)
  cleanups.push(() => client.close())
  await expect.poll(() => client.isReady(), { timeout: 30_000 }).toBe(true)
  const env = {
    ...process.env,
    KAFKA: kafka,
    NATS: nats.url,
    MILLRACE: `http://127.0.0.1:${node.port}`,
    OTHER: `http://127.0.0.1:${other.port}`
  }
  const printed: string[] = []
  for (const block of blocks) printed.push(await runBlock(block, env))
  expect(printed).toHaveLength(8)
  expect(printed[1]).toContain('"word":"river"')
  expect(printed[2]).toContain('"digest"')
  expect(printed[6]).toContain('"deadLetters":1')
  expect(printed[7]?.trim()).toBe('coffee tea')
})
