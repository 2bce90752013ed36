/** Sockets that several threads listen on; Node can only make those of one thread. */
import { callNative, native } from './native.ts'

/** Whether this system spreads the connections of a port over several sockets that listen on it. */
export const spreadsConnections: boolean = native.spreadsConnections

/**
 * A socket that listens, for `server.listen({ fd })` of any thread.
 *
 * @param address  numeric, of either family
 * @param port     0: any free one
 * @param isFirst  claims the port against every other program; those after it share it with the first
 * @returns        its descriptor, which belongs to the caller
 * @throws         the system's error, with its `errno`
 */
export function listenSocket(address: string, port: number, isFirst: boolean): number {
  return callNative(() => native.listenSocket(address, port, isFirst))
}

/** @returns another descriptor of the same socket; it closes when the last one is closed */
export function duplicateSocket(fd: number): number {
  return callNative(() => native.duplicateSocket(fd))
}

export function closeSocket(fd: number): void {
  native.closeSocket(fd)
}

export function portOfSocket(fd: number): number {
  return callNative(() => native.portOfSocket(fd))
}
