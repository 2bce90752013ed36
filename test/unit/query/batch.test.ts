import { expect, test } from 'vitest'
import { answerInOrder, joinResults } from '../../../src/query/index.ts'

const wait = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

test('answers come in the order of the requests, with a bounded number under way', async () => {
  let underWay = 0
  let most = 0
  const answers = await answerInOrder(
    Array.from({ length: 40 }, (_, index) => index),
    async (item, index) => {
      most = Math.max(most, ++underWay)
      await wait((item * 7) % 5)
      underWay--
      return Buffer.from(`${item}/${index}`)
    }
  )
  expect(answers.map(String)).toEqual(answers.map((_, index) => `${index}/${index}`))
  expect(most).toBeGreaterThan(1)
  expect(most).toBeLessThanOrEqual(8)
})

test('one failure fails all', async () => {
  const work = answerInOrder([1, 2, 3], async (item) => {
    if (item === 2) throw new Error('second')
    return Buffer.alloc(0)
  })
  await expect(work).rejects.toThrow('second')
})

test('the results of several responses are put into one', () => {
  const response = (result: string) => Buffer.from(`{"result":${result},"status":"ok","time":0.5}`)
  const start = process.hrtime.bigint()
  const tricky = '{"points":[{"payload":{"a":",\\"status\\":\\"ok\\",\\"time\\":1"}}]}'
  const joined = joinResults([response('[1]'), response(tricky)], start)
  expect(JSON.parse(joined.toString())).toEqual({
    result: [[1], JSON.parse(tricky)],
    status: 'ok',
    time: expect.any(Number)
  })
  expect(JSON.parse(joinResults([], start).toString())).toMatchObject({ result: [] })
})
