/** The listening sockets of all gateways: one for each gateway and address, on one port. */
import { lookup } from 'node:dns/promises'
import { constants } from 'node:os'
import { closeSocket, listenSocket, portOfSocket } from '../engine/index.ts'
import { EngineError } from '../errors/index.ts'

export interface GatewaySockets {
  readonly port: number
  /** Descriptors by gateway; they stay open until `close`, so that the connections of a gateway that died wait for the next. */
  readonly byGateway: readonly (readonly number[])[]
  /** Idempotent. */
  close(): void
}

/**
 * @param host  a name or an address; `localhost` means all of its addresses, as far as they are to be had
 * @param port  0: any free one
 * @throws      MILLRACE_PORT_IN_USE, the system's error
 */
export async function openSockets(
  host: string,
  port: number,
  gateways: number
): Promise<GatewaySockets> {
  const byGateway: number[][] = Array.from({ length: gateways }, () => [])
  const close = () => {
    for (const fds of byGateway) for (const fd of fds.splice(0)) closeSocket(fd)
  }
  const isAllWanted = host === 'localhost'
  const found = await lookup(host, { all: true })
  const addresses = found.slice(0, isAllWanted ? undefined : 1).map(({ address }) => address)
  let bound = port
  for (const [index, address] of addresses.entries()) {
    try {
      for (const [gateway, fds] of byGateway.entries()) {
        fds.push(listenSocket(address, bound, gateway === 0))
        bound ||= portOfSocket(fds[0] ?? -1)
      }
    } catch (cause) {
      if (index > 0) continue
      close()
      throw listenError(cause, host, port)
    }
  }
  return { port: bound, byGateway, close }
}

function listenError(cause: unknown, host: string, port: number): unknown {
  if (!(cause instanceof Error) || !('errno' in cause)) return cause
  if (cause.errno === constants.errno.EADDRINUSE)
    return new EngineError('MILLRACE_PORT_IN_USE', { host, port }, { cause })
  return new Error(`cannot listen on ${host}:${port}: ${cause.message}`, { cause })
}
