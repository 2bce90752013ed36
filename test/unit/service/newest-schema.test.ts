import { expect, test } from 'vitest'
import { EngineError } from '../../../src/errors/index.ts'
import type { ServiceContext } from '../../../src/service/context.ts'
import { withNewestSchema } from '../../../src/service/newest-schema.ts'

// Of the context it reads one limit.
const context = { limits: { requestTimeoutMs: 60_000 } } as ServiceContext
const changed = () => new EngineError('MILLRACE_SCHEMA_CHANGED', { slot: 3, schemaVersion: 2 })

test('a write that a newer schema rejects is made again until it is taken', async () => {
  let attempts = 0
  const write = async () => {
    attempts += 1
    if (attempts < 4) throw changed()
    return attempts
  }
  const options = { wait: true, timeoutMs: undefined }
  expect(await withNewestSchema(context, options, write)).toBe(4)
})

test('what else goes wrong is told at once', async () => {
  let attempts = 0
  const write = async () => {
    attempts += 1
    throw attempts === 1
      ? changed()
      : new EngineError('MILLRACE_VECTOR_NAME_UNKNOWN', { name: 'a' })
  }
  const options = { wait: true, timeoutMs: undefined }
  await expect(withNewestSchema(context, options, write)).rejects.toMatchObject({
    code: 'MILLRACE_VECTOR_NAME_UNKNOWN'
  })
  expect(attempts).toBe(2)
})

test('the time of the request ends the attempts', async () => {
  const options = { wait: true, timeoutMs: 20 }
  const write = () => Promise.reject(changed())
  await expect(withNewestSchema(context, options, write)).rejects.toMatchObject({
    code: 'MILLRACE_SCHEMA_CHANGED'
  })
})
