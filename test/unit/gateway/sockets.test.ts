import { once } from 'node:events'
import { connect, createServer } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { duplicateSocket, spreadsConnections } from '../../../src/engine/index.ts'
import { PortSockets } from '../../../src/gateway/sockets.ts'

async function socketsOf(host: string, port: number): Promise<PortSockets> {
  const sockets = await PortSockets.of(host, port)
  onTestFinished(() => sockets.closeAll())
  return sockets
}

/** Accepts on a descriptor, and says which one it was. */
async function answerWith(text: string, fd: number): Promise<void> {
  const server = createServer((socket) => socket.end(text)).listen({ fd: duplicateSocket(fd) })
  await once(server, 'listening')
  onTestFinished(() => {
    server.close()
  })
}

async function ask(host: string, port: number): Promise<string> {
  const socket = connect(port, host)
  let text = ''
  socket.on('data', (bytes) => {
    text += bytes
  })
  await once(socket, 'close')
  return text
}

const listen = async (host: string, port: number) => {
  const server = createServer()
  onTestFinished(() => {
    server.close()
  })
  server.listen(port, host)
  await once(server, 'listening')
  return server
}

test('every gateway gets connections of the one port', async () => {
  const sockets = await socketsOf('127.0.0.1', 0)
  // Systems that do not spread connections get one gateway.
  const gateways = spreadsConnections ? [0, 1, 2] : [0]
  for (const gateway of gateways) {
    for (const fd of sockets.open(gateway)) await answerWith(String(gateway), fd)
  }
  const answers = await Promise.all(
    Array.from({ length: 100 }, () => ask('127.0.0.1', sockets.port))
  )
  expect(new Set(answers)).toEqual(new Set(gateways.map(String)))
})

test('a port that anyone listens on is refused, also by another with sockets of this kind', async () => {
  const first = await socketsOf('127.0.0.1', 0)
  for (const gateway of [0, 1]) first.open(gateway)
  const second = await socketsOf('127.0.0.1', first.port)
  const inUse = { code: 'MILLRACE_PORT_IN_USE', details: { host: '127.0.0.1', port: first.port } }
  expect(() => second.open(0)).toThrow(expect.objectContaining(inUse))
  await expect(listen('127.0.0.1', first.port)).rejects.toMatchObject({ code: 'EADDRINUSE' })
  const { port } = (await listen('127.0.0.1', 0)).address() as { port: number }
  const third = await socketsOf('127.0.0.1', port)
  expect(() => third.open(0)).toThrow(expect.objectContaining({ code: 'MILLRACE_PORT_IN_USE' }))
})

test('of many that claim a port at once, one gets it', async () => {
  const free = await socketsOf('127.0.0.1', 0)
  free.open(0)
  const { port } = free
  free.closeAll()
  const rivals = await Promise.all(Array.from({ length: 20 }, () => socketsOf('127.0.0.1', port)))
  const claims = rivals.map((rival) => {
    try {
      return rival.open(0).length
    } catch {
      return 0
    }
  })
  expect(claims.filter((count) => count > 0)).toHaveLength(1)
})

test('`::` takes both families, `localhost` all of its addresses, and a wrong address is named', async () => {
  const all = await socketsOf('::', 0)
  for (const fd of all.open(0)) await answerWith('all', fd)
  expect(await ask('127.0.0.1', all.port)).toBe('all')
  expect(await ask('::1', all.port)).toBe('all')
  const local = await socketsOf('localhost', 0)
  for (const fd of local.open(0)) await answerWith('local', fd)
  expect(await ask('localhost', local.port)).toBe('local')
  const foreign = await socketsOf('192.0.2.1', 1234)
  expect(() => foreign.open(0)).toThrow('cannot listen on 192.0.2.1:1234: ')
})
