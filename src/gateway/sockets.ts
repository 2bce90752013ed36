import { lookup } from 'node:dns/promises'
import { constants } from 'node:os'
import { closeSocket, listenSocket, portOfSocket } from '../engine/index.ts'
import { EngineError } from '../errors/index.ts'

/** The listening sockets of one port: one for each gateway that serves, and address. */
export class PortSockets {
  readonly host: string
  private readonly addresses: readonly string[]
  private readonly byGateway = new Map<number, readonly number[]>()
  private bound: number

  private constructor(host: string, port: number, addresses: readonly string[]) {
    this.host = host
    this.bound = port
    this.addresses = addresses
  }

  /**
   * @param host  a name or an address; `localhost` means all of its addresses, as far as they are to be had
   * @param port  0: any free one
   */
  static async of(host: string, port: number): Promise<PortSockets> {
    const found = (await lookup(host, { all: true })).map(({ address }) => address)
    return new PortSockets(host, port, host === 'localhost' ? found : found.slice(0, 1))
  }

  get port(): number {
    return this.bound
  }

  /**
   * The sockets of a gateway, opened if need be: from now on connections come to them. The first gateway claims the port.
   *
   * @returns descriptors, one for each address; they stay open until `close`
   * @throws  MILLRACE_PORT_IN_USE, the system's error
   */
  open(gateway: number): readonly number[] {
    const known = this.byGateway.get(gateway)
    if (known !== undefined) return known
    const isFirst = this.byGateway.size === 0
    const fds = this.addresses.flatMap((address, index) => {
      try {
        const fd = listenSocket(address, this.bound, isFirst)
        if (this.bound === 0) this.bound = portOfSocket(fd)
        return [fd]
      } catch (cause) {
        if (index > 0) return []
        throw listenError(cause, this.host, this.bound)
      }
    })
    this.byGateway.set(gateway, fds)
    return fds
  }

  close(gateway: number): void {
    for (const fd of this.byGateway.get(gateway) ?? []) closeSocket(fd)
    this.byGateway.delete(gateway)
  }

  closeAll(): void {
    for (const gateway of [...this.byGateway.keys()]) this.close(gateway)
  }
}

function listenError(cause: unknown, host: string, port: number): unknown {
  if (!(cause instanceof Error) || !('errno' in cause)) return cause
  if (cause.errno === constants.errno.EADDRINUSE)
    return new EngineError('MILLRACE_PORT_IN_USE', { host, port }, { cause })
  return new Error(`cannot listen on ${host}:${port}: ${cause.message}`, { cause })
}
