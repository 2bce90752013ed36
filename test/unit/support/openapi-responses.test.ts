import { expect, test } from 'vitest'
import { checkAnswer, checkedAnswers } from '../../support/openapi-responses.ts'

const envelope = (result: unknown) => ({ result, status: 'ok', time: 0.1 })

test('an answer that the document describes passes, and was looked at', () => {
  checkAnswer('GET', '/collections/a/exists?x=1', 200, envelope({ exists: true }))
  checkAnswer('GET', '/collections/a/exists/', 404, {
    status: { error: 'x', code: 'MILLRACE_X' },
    time: 0
  })
  expect(checkedAnswers.get('GET /collections/{collection_name}/exists 200')).toBe(1)
  expect(checkedAnswers.get('GET /collections/{collection_name}/exists 4XX')).toBe(1)
})

test.each([
  ['a wrong type', envelope({ exists: 1 })],
  ['a missing member', envelope({})],
  ['a member that the document does not name', envelope({ exists: true, more: 1 })]
])('%s is refused', (_what, body) => {
  expect(() => checkAnswer('GET', '/collections/a/exists', 200, body)).toThrow(
    /the answer to GET \/collections\/a\/exists \(200\) is not what openapi.json says/
  )
})

test('an operation that the document does not have is not checked', () => {
  checkAnswer('GET', '/millrace/replicas', 200, { anything: true })
})
