import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: ['test/support/shared-kafka-host.ts'],
    testTimeout: 60_000,
    hookTimeout: 60_000,
    // Two cores: process tests and brute-force models would only slow each other down.
    maxWorkers: 2
  }
})
