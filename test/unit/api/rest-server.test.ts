import { expect, test } from 'vitest'
import { createRestServer } from '../../../src/api/rest/index.ts'
import { createLogger, createMetrics } from '../../../src/observability/index.ts'

test('P9 a request must have arrived as a whole within five minutes', async () => {
  const server = await createRestServer({
    // No operation is called.
    context: {} as never,
    logger: createLogger('silent'),
    metrics: createMetrics('1'),
    limits: { bodyBytes: 1, jsonDepth: 8, requestsInFlight: 1 },
    service: {
      version: '1',
      isReady: () => true,
      metricsText: async () => '',
      describeReplicas: () => []
    }
  })
  expect(server.server.requestTimeout).toBe(300_000)
  await server.close()
})
