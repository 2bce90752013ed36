/** The entry of a gateway worker: a REST server that reaches the node by messages, and the engine directly. */
import { parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads'
import type { NatsGateway } from '../api/nats/index.ts'
import { emptyDirectory, type ShardDirectory } from '../domain/directory.ts'
import { duplicateSocket } from '../engine/index.ts'
import { EngineError } from '../errors/index.ts'
import { createLogger, RequestStatistics } from '../observability/index.ts'
import { Channel } from './channel.ts'
import { acceptConnections, type Connections } from './connections.ts'
import { GatewayCounts } from './counts.ts'
import { followDirectory } from './directory-change.ts'
import { createGateway, drainGateway, natsOf } from './gateway.ts'
import type { MainRequests, WorkerRequests, WorkerStart } from './protocol.ts'
import { workerPorts } from './worker-ports.ts'

if (parentPort === null) throw new EngineError('MILLRACE_INTERNAL', { reason: 'not in a worker' })
const port = parentPort
// The one who starts this thread gives it this: gateway-worker.ts.
const { gateway, config, identity, counts: memory } = workerData as WorkerStart
const counts = new GatewayCounts(memory)
let directory = emptyDirectory
let connections: Connections | undefined
let nats: NatsGateway | undefined
const statistics = new RequestStatistics((name) => directory.collections.has(name))

const main = new Channel<MainRequests, WorkerRequests>(port, () => ({
  async serve({ sockets, directory: whole }) {
    directory = followDirectory(emptyDirectory, whole)
    connections = await acceptConnections({
      rest,
      sockets: sockets.map(duplicateSocket),
      counts,
      gateway,
      async giveAway(fd, to) {
        if (await main.ask('handOver', { fd, gateway: to })) return
        // It went away meanwhile.
        counts.add(gateway, 'connections', 1)
        connections?.adopt(fd)
      }
    })
    nats = joinNats()
  },
  follow(change) {
    directory = followDirectory(directory, change)
  },
  adopt(fd) {
    connections?.adopt(fd)
  },
  report: () => ({ ...statistics.report(counts.of(gateway, 'requests')), ...natsOf(nats) }),
  async drain(drainMs) {
    await drainGateway(rest, nats, drainMs, connections)
    // Nothing keeps this thread alive any more.
    port.close()
  }
}))

const { rest, joinNats } = await createGateway({
  config,
  ports: {
    directory: newestDirectory,
    identity,
    ...workerPorts(main, config['limits.workerRequests'])
  },
  logger: createLogger(config['logging.level']).child({ gateway }),
  statistics,
  counts,
  gateway
})
await rest.ready()
await main.ask('loaded', undefined)

/** A change that was sent is seen from then on, also by a request that this thread finds before the message. */
function newestDirectory(): ShardDirectory {
  if (counts.directoryVersion !== directory.version) {
    for (let next = takeMessage(); next !== undefined; next = takeMessage()) main.deliver(next)
  }
  return directory
}

function takeMessage() {
  return receiveMessageOnPort(port)?.message
}
