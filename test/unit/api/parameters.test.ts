import { expect, test } from 'vitest'
import type { Call } from '../../../src/api/operations/index.ts'
import { readOptions, writeOptions } from '../../../src/api/operations/parameters.ts'

const callWith = (call: Partial<Call>): Call => ({
  path: () => '',
  query: {},
  body: Buffer.alloc(0),
  startedAt: 0n,
  budgetMs: undefined,
  signal: undefined,
  setHeader: () => {},
  ...call
})

test('an answer that lacks records says how many in a header', () => {
  const headers: Record<string, unknown> = {}
  const options = readOptions(
    callWith({
      setHeader: (name, value) => {
        headers[name] = value
      }
    })
  )
  expect(headers).toEqual({})
  options.onLag(7)
  expect(headers).toEqual({ 'x-millrace-lag-records': '7' })
})

test('the sooner of the timeout asked for and the caller’s own budget counts', () => {
  const timeoutOf = (timeout: string | undefined, budgetMs: number | undefined) =>
    writeOptions(callWith({ query: { timeout }, budgetMs })).timeoutMs
  expect(timeoutOf('2', undefined)).toBe(2000)
  expect(timeoutOf('2', 150)).toBe(150)
  expect(timeoutOf('2', 9000)).toBe(2000)
  expect(timeoutOf(undefined, 150)).toBe(150)
  expect(timeoutOf(undefined, undefined)).toBeUndefined()
})

test('the signal is asked for only when somebody looks at it', () => {
  let asked = 0
  const call = callWith({})
  Object.defineProperty(call, 'signal', {
    get() {
      asked += 1
      return undefined
    }
  })
  const options = readOptions(call)
  expect(asked).toBe(0)
  expect(options.signal).toBeUndefined()
  expect(asked).toBe(1)
})
