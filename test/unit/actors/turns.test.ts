import { expect, test } from 'vitest'
import { Turns } from '../../../actors/turns.ts'

test('no more than the places are inside at once, and they come in order', async () => {
  const turns = new Turns(2)
  const order: number[] = []
  let inside = 0
  let most = 0
  await Promise.all(
    Array.from({ length: 9 }, (_, index) =>
      turns.run(async () => {
        inside += 1
        most = Math.max(most, inside)
        order.push(index)
        await new Promise((resolve) => setTimeout(resolve, 1))
        inside -= 1
      })
    )
  )
  expect([most, order]).toEqual([2, [0, 1, 2, 3, 4, 5, 6, 7, 8]])
})

test('a place is given back after a failure, and only once', async () => {
  const turns = new Turns(1)
  await expect(turns.run(() => Promise.reject(new Error('no')))).rejects.toThrow('no')
  const leave = await turns.enter()
  let hasEntered = false
  const next = turns.enter().then((inner) => {
    hasEntered = true
    return inner
  })
  leave()
  leave()
  await next
  expect(hasEntered).toBe(true)
  let third = false
  void turns.enter().then(() => {
    third = true
  })
  await new Promise((resolve) => setTimeout(resolve, 1))
  expect(third).toBe(false)
})
