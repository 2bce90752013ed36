import { defineConfig } from 'vitest/config'

/** Suites that a node must pass whatever its log is in. */
const onAnyLog = ['test/contract/rest-*.test.ts', 'test/e2e/js-client.test.ts']

/** Suites that read, which must pass as well when every shard is asked by a message. */
const onAnyTransport = [
  'test/contract/rest-{aliases,filters,odd-input,operations,points,query,query-forms}.test.ts'
]

const common = { testTimeout: 60_000, hookTimeout: 60_000 }

export default defineConfig({
  test: {
    globalSetup: ['test/support/shared-kafka-host.ts'],
    // Two cores: process tests and brute-force models would only slow each other down.
    maxWorkers: 2,
    projects: [
      { test: { ...common, name: 'millrace', include: ['test/**/*.test.ts'] } },
      { test: { ...common, name: 'on Kafka', include: onAnyLog, env: { TEST_LOG: 'kafka' } } },
      {
        test: {
          ...common,
          name: 'over NATS',
          include: onAnyTransport,
          env: { TEST_TRANSPORT: 'nats' }
        }
      }
    ]
  }
})
