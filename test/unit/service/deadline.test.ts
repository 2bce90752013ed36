import { expect, test } from 'vitest'
import type { ReadOptions, ServiceContext } from '../../../src/service/context.ts'
import { checkStillWanted, withinDeadline } from '../../../src/service/deadline.ts'

// Only this limit is looked at.
const context = { limits: { requestTimeoutMs: 60_000 } } as unknown as ServiceContext
const never = () => new Promise<never>(() => {})

function options(rest: Partial<ReadOptions> = {}): ReadOptions {
  return { after: undefined, timeoutMs: undefined, startedAt: process.hrtime.bigint(), ...rest }
}

test('what is answered already passes through', () => {
  const late = options({ startedAt: 0n, timeoutMs: 1 })
  expect(withinDeadline(context, late, 'count', 7)).toBe(7)
})

test('an answer before the deadline is given, a failure too', async () => {
  expect(await withinDeadline(context, options(), 'count', Promise.resolve(7))).toBe(7)
  const failing = Promise.reject(new Error('no'))
  await expect(withinDeadline(context, options(), 'count', failing)).rejects.toThrow('no')
})

test('a read that is not over at its deadline ends with 408', async () => {
  await expect(
    withinDeadline(context, options({ timeoutMs: 20 }), 'scroll', never())
  ).rejects.toMatchObject({
    code: 'MILLRACE_REQUEST_TIMEOUT',
    message: "Timeout: Timeout error: Operation 'scroll' timed out after 1s"
  })
  const minuteAgo = options({ startedAt: process.hrtime.bigint() - 60_000_000_000n })
  await expect(withinDeadline(context, minuteAgo, 'query', never())).rejects.toMatchObject({
    kind: { http: 408 },
    message: expect.stringContaining('after 60s')
  })
})

test('between two steps a read may find that nobody waits for it any more', () => {
  checkStillWanted(context, options(), 'query batch')
  expect(() => checkStillWanted(context, options({ startedAt: 0n }), 'query batch')).toThrow(
    "Operation 'query batch' timed out after 60s"
  )
  const gone = options({ signal: AbortSignal.abort() })
  expect(() => checkStillWanted(context, gone, 'query batch')).toThrow('cancelled')
})

test('a read ends when its client goes, before or while it runs', async () => {
  const cancelled = { code: 'MILLRACE_CANCELLED' }
  const gone = options({ signal: AbortSignal.abort() })
  await expect(withinDeadline(context, gone, 'query', never())).rejects.toMatchObject(cancelled)
  const controller = new AbortController()
  const read = withinDeadline(context, options({ signal: controller.signal }), 'query', never())
  controller.abort()
  await expect(read).rejects.toMatchObject(cancelled)
})
