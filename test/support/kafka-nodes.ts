/** Nodes in processes of their own that share one log in Kafka. */
import { setTimeout as sleep } from 'node:timers/promises'
import { expect } from 'vitest'
import { RestClient } from '../../scripts/demo/rest-client.ts'
import { type ServerProcess, startServerProcess } from '../../scripts/demo/server-process.ts'
import { kafkaArguments } from './kafka-arguments.ts'

export interface KafkaNode {
  readonly server: ServerProcess
  readonly client: RestClient
  stop(signal?: NodeJS.Signals): Promise<void>
}

/** What a node shows of a shard. */
export interface ShardState {
  readonly shard: number
  readonly nextOffset: string
  readonly digest: string
  readonly points: string
  readonly replica: string
  readonly lagRecords: number
  readonly lastError: string | null
}

export async function startKafkaNode(
  brokers: string,
  prefix: string,
  data: string,
  ...args: readonly string[]
): Promise<KafkaNode> {
  const server = await startServerProcess([
    '--data',
    data,
    '--workers',
    '0',
    ...kafkaArguments(brokers, prefix),
    ...args
  ])
  const client = new RestClient(server.port)
  return {
    server,
    client,
    async stop(signal = 'SIGTERM') {
      client.close()
      await server.stop(signal)
    }
  }
}

export async function isReady({ client }: KafkaNode): Promise<boolean> {
  return (await client.send('GET', '/readyz')).status === 200
}

export async function shardsOf({ client }: KafkaNode, collection: string): Promise<ShardState[]> {
  const { result } = await client.call('GET', '/millrace/replicas')
  const all = result as { collection: string; shards: ShardState[] }[]
  return all.find((one) => one.collection === collection)?.shards ?? []
}

/** Offset and digest of each shard. */
export async function digestsOf(node: KafkaNode, collection: string) {
  const shards = await shardsOf(node, collection)
  return shards.map(({ shard, nextOffset, digest, points }) => ({
    shard,
    nextOffset,
    digest,
    points
  }))
}

/** Waits until a condition holds, and says what it was waited for when it does not. */
export async function eventually(
  what: string,
  holds: () => Promise<boolean>,
  timeoutMs = 30_000
): Promise<void> {
  const endMs = performance.now() + timeoutMs
  while (!(await holds())) {
    if (performance.now() > endMs) throw new Error(`not within ${timeoutMs} ms: ${what}`)
    await sleep(50)
  }
}

/** Waits until two nodes are at the same offsets, and expects the same digests there. */
export async function expectEqual(first: KafkaNode, second: KafkaNode, collection: string) {
  const offsets = async (node: KafkaNode) =>
    JSON.stringify((await digestsOf(node, collection)).map(({ nextOffset }) => nextOffset))
  await eventually('equal offsets', async () => (await offsets(first)) === (await offsets(second)))
  const found = await digestsOf(first, collection)
  expect(await digestsOf(second, collection)).toEqual(found)
  return found
}
