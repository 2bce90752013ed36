import { MessageChannel } from 'node:worker_threads'
import { expect, onTestFinished, test } from 'vitest'
import { EngineError } from '../../../src/errors/index.ts'
import { Channel } from '../../../src/gateway/channel.ts'
import type { MainRequests, WorkerRequests } from '../../../src/gateway/protocol.ts'
import { workerPorts } from '../../../src/gateway/worker-ports.ts'
import { answersFor, type NodeSide } from '../../../src/gateway/worker-requests.ts'

/** A worker's ports, and a node that refuses every write before it is appended. */
function refusedWorker() {
  const { port1, port2 } = new MessageChannel()
  onTestFinished(() => port1.close())
  const submit = () => {
    throw new EngineError('MILLRACE_NODE_DRAINING')
  }
  const node = { writePort: { submit } } as unknown as NodeSide
  new Channel<WorkerRequests, MainRequests>(port2, (channel) => ({
    loaded: () => {},
    ...answersFor(channel, () => node, {
      describeGateways: () => [],
      requestReports: async () => [],
      handOver: () => false
    })
  }))
  const main = new Channel<MainRequests, WorkerRequests>(port1, () => ({}) as WorkerRequests)
  return { main, ports: workerPorts(main, 10) }
}

test.each(['durable', 'applied', 'each'] as const)(
  'P9 a refused write leaves no request behind in its worker (%s)',
  async (answers) => {
    const { main, ports } = refusedWorker()
    for (let attempt = 0; attempt < 20; attempt++) {
      const request = { collectionId: 1n, generation: 0, records: [], answers }
      const { durable } = ports.writePort.submit(request)
      await expect(durable).rejects.toMatchObject({ code: 'MILLRACE_NODE_DRAINING' })
    }
    expect(main.waiting).toBe(0)
  }
)
