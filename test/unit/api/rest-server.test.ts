import { once } from 'node:events'
import { connect } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, onTestFinished, test } from 'vitest'
import { createRestServer } from '../../../src/api/rest/index.ts'
import { createLogger, RequestStatistics } from '../../../src/observability/index.ts'

const inFlight = () => {
  let count = 0
  return {
    add(change: number) {
      count += change
    },
    ofNode: () => count,
    isDraining: () => false
  }
}

const serverWith = (requestsInFlight: number, cors = true, counted = inFlight()) =>
  createRestServer({
    // No operation is called.
    context: {
      directory: () => ({ collections: new Map(), aliases: new Map() }),
      node: {
        describe: async () => [],
        requestReports: async () => [],
        readiness: async () => ({ isReady: true, reasons: [] }),
        metricsText: async () => ''
      }
    } as never,
    logger: createLogger('silent'),
    statistics: new RequestStatistics(),
    cors,
    compressBytes: 0,
    inFlight: counted,
    limits: { bodyBytes: 1, requestsInFlight },
    service: {
      version: '1',
      commit: '0'.repeat(40),
      metricsPrefix: ''
    }
  })

test('P9 a request must have arrived as a whole within five minutes', async () => {
  const server = await serverWith(1)
  expect(server.server.requestTimeout).toBe(300_000)
  await server.close()
})

test('P9 past the limit of requests in flight the probes are still answered', async () => {
  const server = await serverWith(0)
  const statuses = ['/', '/livez', '/healthz', '/readyz', '/metrics'].map(
    async (url) => (await server.inject({ url })).statusCode
  )
  expect(await Promise.all(statuses)).toEqual([429, 200, 200, 200, 200])
  await server.close()
})

test('server.cors: false leaves pages of other origins out', async () => {
  const headers = { origin: 'https://pages.example', 'access-control-request-method': 'GET' }
  const statuses = await Promise.all(
    [true, false].map(async (cors) => {
      const server = await serverWith(1, cors)
      const answer = await server.inject({ method: 'OPTIONS', url: '/collections', headers })
      await server.close()
      return [answer.statusCode, answer.headers['access-control-allow-origin']]
    })
  )
  expect(statuses).toEqual([
    [204, '*'],
    [404, undefined]
  ])
})

/** A server that listens, with a route that answers after a while; what a client that sends `text` receives. */
async function listening(counted = inFlight()) {
  const server = await serverWith(100, true, counted)
  server.get('/slow', async () => {
    await sleep(50)
    return 'slow'
  })
  const origin = new URL(await server.listen({ port: 0, host: '127.0.0.1' }))
  onTestFinished(async () => {
    server.server.closeAllConnections()
    await server.close()
  })
  return async (text: string, isDone: (received: string) => boolean) => {
    const socket = connect(Number(origin.port), origin.hostname)
    socket.write(text)
    let received = ''
    while (!isDone(received)) received += String((await once(socket, 'data'))[0])
    socket.destroy()
    return received
  }
}

const get = (path: string) => `GET ${path} HTTP/1.1\r\nhost: a\r\n\r\n`

test('P9 an answer that is queued behind another counts as one request', async () => {
  const counted = inFlight()
  const talk = await listening(counted)
  for (let round = 0; round < 3; round++) {
    await talk(get('/slow') + get('/livez'), (received) => received.includes('check passed'))
  }
  while (counted.ofNode() > 0) await sleep(5)
  await sleep(20)
  expect(counted.ofNode()).toBe(0)
})

test('a request without a body that is answered at once keeps its connection', async () => {
  const talk = await listening()
  const received = await talk(get('/nowhere'), (text) => text.includes('\r\n\r\n'))
  expect(received).toContain('404')
  expect(received.toLowerCase()).toContain('connection: keep-alive')
})

test('P9 a connection that sent no HTTP is closed, though its client keeps its side open', async () => {
  const server = await serverWith(100)
  const origin = new URL(await server.listen({ port: 0, host: '127.0.0.1' }))
  const options = { port: Number(origin.port), host: origin.hostname, allowHalfOpen: true }
  const socket = connect(options, () => socket.write('nonsense\r\n\r\n'))
  onTestFinished(async () => {
    socket.destroy()
    await server.close()
  })
  expect(String((await once(socket, 'data'))[0])).toContain('400')
  const connections = () =>
    new Promise((resolve) => server.server.getConnections((_error, count) => resolve(count)))
  await sleep(100)
  expect(await connections()).toBe(0)
})
