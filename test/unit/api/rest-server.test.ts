import { expect, test } from 'vitest'
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

const serverWith = (requestsInFlight: number, cors = true) =>
  createRestServer({
    // No operation is called.
    context: {
      directory: () => ({ collections: new Map(), aliases: new Map() }),
      node: {
        describe: async () => [],
        requestReports: async () => [],
        isReady: async () => true,
        metricsText: async () => ''
      }
    } as never,
    logger: createLogger('silent'),
    statistics: new RequestStatistics(),
    cors,
    compressBytes: 0,
    inFlight: inFlight(),
    limits: { bodyBytes: 1, jsonDepth: 8, requestsInFlight },
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
