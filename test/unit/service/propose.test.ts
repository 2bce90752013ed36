import { expect, test } from 'vitest'
import { changeAliases } from '../../../src/service/index.ts'

/** A context whose control plane never answers. */
const stuck = (requestTimeoutMs: number) =>
  ({
    controlPort: { propose: () => new Promise(() => {}) },
    limits: { requestTimeoutMs }
  }) as never

test('a change that is not decided by its deadline is answered, and may come yet', async () => {
  const change = changeAliases(stuck(60_000), { actions: [] }, { timeoutMs: 10 })
  await expect(change).rejects.toMatchObject({
    code: 'MILLRACE_REQUEST_TIMEOUT',
    message: "Timeout: Timeout error: Operation 'changeAliases' timed out after 0.01s",
    retryable: true
  })
})

test('a change that names no deadline has the server’s', async () => {
  const change = changeAliases(stuck(10), { actions: [] }, { timeoutMs: undefined })
  await expect(change).rejects.toMatchObject({ code: 'MILLRACE_REQUEST_TIMEOUT' })
})
