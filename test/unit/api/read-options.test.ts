import type { FastifyReply } from 'fastify'
import { expect, test } from 'vitest'
import { readOptionsOf } from '../../../src/api/rest/query-parameters.ts'

test('an answer that lacks records says how many in a header', () => {
  const headers: Record<string, unknown> = {}
  const reply = {
    header: (name: string, value: unknown) => {
      headers[name] = value
    }
  } as unknown as FastifyReply
  const options = readOptionsOf({ query: {}, startedAt: 0n }, reply)
  expect(headers).toEqual({})
  options.onLag(7)
  expect(headers).toEqual({ 'x-millrace-lag-records': '7' })
})
