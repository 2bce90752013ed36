import { once } from 'node:events'
import { createServer, Socket } from 'node:net'
import type { FastifyInstance } from 'fastify'
import { duplicateSocket } from '../engine/index.ts'
import type { GatewayCounts } from './counts.ts'

export interface Connections {
  /** Serves a connection that another gateway accepted and has counted for this one. */
  adopt(fd: number): void
  /** Accepts no more; resolves when every connection has ended. The server's own close knows nothing of adopted ones. */
  close(): Promise<void>
}

/**
 * Listens, and keeps the gateways' connections level: the system picks a gateway by the hash of the client's address, so
 * four long-lived connections often meet at one of two gateways while the other is idle.
 *
 * @param sockets   descriptors that listen; they belong to the server from here on
 * @param giveAway  sends a connection to a gateway that has fewer
 */
export async function acceptConnections(options: {
  readonly rest: FastifyInstance
  readonly sockets: readonly number[]
  readonly counts: GatewayCounts
  readonly gateway: number
  readonly giveAway: (fd: number, gateway: number) => void
}): Promise<Connections> {
  const { rest, sockets, counts, gateway, giveAway } = options
  const { server } = rest
  const open = new Set<Socket>()
  let announceEnd = () => {}

  // Node's own listener, which reads requests from a connection.
  const [readRequests] = server.listeners('connection')
  server.removeAllListeners('connection')
  const serve = (socket: Socket) => {
    open.add(socket)
    socket.once('close', () => {
      open.delete(socket)
      counts.add(gateway, 'connections', -1)
      if (open.size === 0) announceEnd()
    })
    readRequests?.call(server, socket)
  }
  const accept = (socket: Socket) => {
    const target = counts.leastBusy(gateway)
    const fd = target === gateway ? undefined : descriptorOf(socket)
    counts.add(fd === undefined ? gateway : target, 'connections', 1)
    if (fd === undefined) return serve(socket)
    giveAway(duplicateSocket(fd), target)
    // Ours is closed before anything was read from it; the other descriptor goes on.
    socket.destroy()
  }

  server.on('connection', accept)
  const [first, ...others] = sockets
  server.listen({ fd: first })
  await once(server, 'listening')
  const listeners = others.map((fd) =>
    createServer({ allowHalfOpen: true, noDelay: true }, accept).listen({ fd })
  )
  await Promise.all(listeners.map((listener) => once(listener, 'listening')))
  counts.serve(gateway)
  return {
    adopt(fd) {
      const socket = new Socket({ fd, readable: true, writable: true, allowHalfOpen: true })
      serve(socket.setNoDelay(true))
    },
    close() {
      for (const listener of listeners) listener.close()
      return new Promise((resolve) => {
        announceEnd = resolve
        if (open.size === 0) resolve()
      })
    }
  }
}

/** Node has no public way to it; where there is none, the connection stays where it is. */
function descriptorOf(socket: Socket): number | undefined {
  const handle = '_handle' in socket ? socket._handle : undefined
  const hasDescriptor = typeof handle === 'object' && handle !== null && 'fd' in handle
  return hasDescriptor && typeof handle.fd === 'number' && handle.fd >= 0 ? handle.fd : undefined
}
