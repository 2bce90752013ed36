import { expect, onTestFinished, test } from 'vitest'
import type { TransferPort, TransferSource } from '../../../src/domain/transfer.ts'
import { EngineError } from '../../../src/errors/index.ts'
import type { Log } from '../../../streams/index.ts'
import { openMemoryLog } from '../../../streams/memory/index.ts'
import {
  dataFolder,
  type ModelNode,
  type ModelNodeOptions,
  modelNode,
  specOf,
  until,
  upsertFrame
} from '../../support/model-node.ts'

/** Nodes of one process that ask each other by calls; each call may be told to fail. */
class Peers {
  readonly sources = new Map<number, TransferSource>()
  /** Calls so far: peer and verb. */
  readonly calls: string[] = []
  onCall: (peer: number, verb: string) => void = () => {}
  change: (peer: number, chunk: Uint8Array | undefined) => Uint8Array | undefined = (_, chunk) =>
    chunk

  optionsOf(peer: number): ModelNodeOptions {
    const port: TransferPort = {
      offers: async (shard) =>
        [...this.sources].flatMap(([peerId, source]) => {
          const offer = peerId === peer ? undefined : source.offer(shard)
          return offer === undefined ? [] : [{ peerId, ...offer }]
        }),
      begin: async (peerId, shard) => this.#source(peerId, 'begin').begin(shard),
      next: async (peerId, id, sequence) =>
        this.change(peerId, await this.#source(peerId, 'next').next(id, sequence)),
      end: (peerId, id) => this.sources.get(peerId)?.end(id)
    }
    const serve = (source: TransferSource) => this.sources.set(peer, source)
    return { transfers: { port, serve } }
  }

  #source(peerId: number, verb: string): TransferSource {
    this.calls.push(`${peerId} ${verb}`)
    this.onCall(peerId, verb)
    const source = this.sources.get(peerId)
    if (source !== undefined) return source
    throw new EngineError('MILLRACE_NATS_UNANSWERED', { peer: peerId, shard: 0, reason: 'gone' })
  }
}

/** A log whose start is trimmed, and two nodes that have what was there. */
async function trimmedLog() {
  const log = openMemoryLog()
  onTestFinished(() => log.close())
  const peers = new Peers()
  const nodes = [await modelNode(log, peers.optionsOf(1)), await modelNode(log, peers.optionsOf(2))]
  const [first] = nodes
  if (first === undefined) throw new Error('there is no node')
  const create = { type: 'createCollection', name: 'a', spec: specOf(1) } as const
  const verdict = await first.controlPort.propose(create)
  if (!verdict.accepted || verdict.collectionId === undefined) throw new Error('not created')
  const id = verdict.collectionId
  await write(first, id, 0, 10)
  const topic = `c${id}.g0`
  // Each of the nodes may have written the schema.
  const { end } = await log.ends(topic, 0)
  await until(() => nodes.every((node) => shardOf(node)?.nextOffset === end.toString()))
  await log.trimBefore(topic, 0, end)
  return { log, peers, nodes, first, id }
}

async function write(node: ModelNode, collectionId: bigint, from: number, count: number) {
  const records = Array.from({ length: count }, (_, index) => ({
    shard: 0,
    frame: upsertFrame(collectionId, [BigInt(from + index)])
  }))
  await node.writePort.submit({ collectionId, generation: 0, records }).applied
}

const shardOf = (node: ModelNode | undefined) => node?.describe()[0]?.shards[0]

async function joins(log: Log, options: ModelNodeOptions) {
  const third = await modelNode(log, options)
  await until(() => shardOf(third)?.replica === 'active')
  return third
}

test('a new node takes the state that the log no longer has from another one, and replays the log from there', async () => {
  const { log, peers, first, id } = await trimmedLog()
  const third = await joins(log, peers.optionsOf(3))
  expect(shardOf(third)).toMatchObject({ digest: shardOf(first)?.digest, points: '10' })
  await write(first, id, 10, 5)
  await until(() => shardOf(third)?.nextOffset === shardOf(first)?.nextOffset)
  expect(shardOf(third)?.digest).toBe(shardOf(first)?.digest)
  expect(third.actors().filter(({ kind }) => kind === 'transfer')).toEqual([])
  expect(third.isReady()).toBe(true)
})

test('when the node that gives the state goes in the middle, another one gives it', async () => {
  const { log, peers, first } = await trimmedLog()
  let gone = 0
  peers.onCall = (peer, verb) => {
    if (verb !== 'next' || gone !== 0) return
    gone = peer
    peers.sources.delete(peer)
  }
  const third = await joins(log, peers.optionsOf(3))
  expect(shardOf(third)?.digest).toBe(shardOf(first)?.digest)
  const other = gone === 1 ? 2 : 1
  expect(peers.calls).toContain(`${other} begin`)
})

test('a damaged chunk is noticed, nothing of it is kept, and the state is taken anew', async () => {
  const { log, peers, first } = await trimmedLog()
  let damaged = 0
  peers.change = (_peer, chunk) => {
    if (chunk === undefined || damaged > 0) return chunk
    damaged += 1
    const other = Uint8Array.from(chunk)
    other[other.length - 1] = (other[other.length - 1] ?? 0) ^ 1
    return other
  }
  const third = await joins(log, peers.optionsOf(3))
  expect(damaged).toBe(1)
  expect(shardOf(third)?.digest).toBe(shardOf(first)?.digest)
  const built = [...third.shards].filter(([key]) => key.includes('#transfer'))
  expect(built.map(([, shard]) => shard.isClosed)).toEqual([true, true])
})

test('while nobody has the state the replica waits and says so, and takes it once somebody does', async () => {
  const { log, peers, first } = await trimmedLog()
  const sources = [...peers.sources]
  peers.sources.clear()
  const third = await modelNode(log, peers.optionsOf(3))
  await until(() => shardOf(third)?.lastError?.includes('MILLRACE_TRANSFER_FAILED') === true)
  expect(shardOf(third)?.replica).toBe('recovering')
  expect(third.isReady()).toBe(false)
  for (const [peer, source] of sources) peers.sources.set(peer, source)
  await until(() => shardOf(third)?.replica === 'active')
  expect(shardOf(third)?.digest).toBe(shardOf(first)?.digest)
}, 30_000)

test('a node that was given a state has a checkpoint of its own, and asks nobody when it starts again', async () => {
  const { log, peers } = await trimmedLog()
  const files = await dataFolder()
  const third = await joins(log, { ...peers.optionsOf(3), files, everyMs: 10 })
  await until(() => shardOf(third)?.checkpoint.newest !== null)
  await third.stop()
  peers.calls.length = 0
  await joins(log, { ...peers.optionsOf(3), files })
  expect(peers.calls).toEqual([])
})

test('a node that stops in the middle of a transfer stops, and lets go of everything', async () => {
  const { log, peers } = await trimmedLog()
  let hasBegun = false
  peers.onCall = (_peer, verb) => {
    if (verb === 'next') hasBegun = true
  }
  peers.change = () => {
    throw new EngineError('MILLRACE_NATS_UNANSWERED', { peer: 1, shard: 0, reason: 'silence' })
  }
  const third = await modelNode(log, peers.optionsOf(3))
  await until(() => hasBegun)
  await third.stop()
  for (const [, shard] of third.shards) expect(shard.isClosed).toBe(true)
})
