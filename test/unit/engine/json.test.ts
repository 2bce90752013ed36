import { expect, test } from 'vitest'
import { jsonItems, jsonMembers, payloadText } from '../../../src/engine/index.ts'

const bytes = (text: string) => Buffer.from(text)
const membersOf = (text: string) => {
  const members = jsonMembers(bytes(text), 10)
  return members && Object.fromEntries([...members].map(([key, value]) => [key, String(value)]))
}
const itemsOf = (text: string) => jsonItems(bytes(text), 10)?.map(String)

test('an object comes apart into the texts of its members, of a repeated one the last', () => {
  expect(membersOf(' { "a" : [1, {"b":2}] ,"\\u0062": "x,}" , "a":-1.50 } ')).toEqual({
    a: '-1.50',
    b: '"x,}"'
  })
  expect(membersOf('{}')).toEqual({})
  for (const text of ['[1]', '7', '', '{', '{"a"}', '{"a":1}x', '{"a":1,}', '{"a":nul}']) {
    expect(membersOf(text), text).toBeUndefined()
  }
})

test('a list comes apart into the texts of its items', () => {
  expect(itemsOf('[ 1 , "]" ,{"a":[ ]} ]')).toEqual(['1', '"]"', '{"a":[ ]}'])
  expect(itemsOf('[]')).toEqual([])
  for (const text of ['{}', '[', '[1 2]', '[1,]', '[1]]']) {
    expect(itemsOf(text), text).toBeUndefined()
  }
})

test('containers deeper than the limit are refused', () => {
  const deep = `{"a":${'['.repeat(9)}${']'.repeat(9)}}`
  expect(jsonMembers(bytes(deep), 10)).toBeDefined()
  expect(jsonMembers(bytes(deep), 9)).toBeUndefined()
  expect(payloadText(bytes(deep), 9)).toBeNull()
})

test('a payload is minified, with numbers as they were and of repeated keys the last', () => {
  const text = ' { "b" : 1.50 , "a" : [ 1e2 , { "x" : null } ] , "b" : -0 } '
  expect(payloadText(bytes(text), 10)).toBe('{"b":-0,"a":[1e2,{"x":null}]}')
  expect(payloadText(bytes('{ }'), 10)).toBe('{}')
  for (const other of ['null', '[]', '7', '{"a":1}{}', '{']) {
    expect(payloadText(bytes(other), 10), other).toBeNull()
  }
})
