import { MessageChannel } from 'node:worker_threads'
import { expect, onTestFinished, test } from 'vitest'
import { EngineError } from '../../../src/errors/index.ts'
import { Channel } from '../../../src/gateway/channel.ts'

interface Kitchen {
  cook(dish: string): Promise<string>
  count(bytes: Uint8Array): number
  twice(request: { readonly laterId: number }): string
  burn(kind: 'known' | 'unknown'): Promise<never>
}

function pair() {
  const { port1, port2 } = new MessageChannel()
  onTestFinished(() => port1.close())
  const order: string[] = []
  const waiting = new Map<string, (dish: string) => void>()
  let batches = 0
  port2.on('message', () => {
    batches += 1
  })
  new Channel<Record<string, never>, Kitchen>(port2, (own) => ({
    cook(dish) {
      order.push(dish)
      return new Promise((resolve) => waiting.set(dish, resolve))
    },
    count: (bytes) => bytes.byteLength,
    twice({ laterId }) {
      own.answer(laterId, Promise.resolve('later'))
      return 'now'
    },
    async burn(kind) {
      if (kind === 'unknown') throw new TypeError('no such pan')
      throw new EngineError('MILLRACE_SHARD_STOPPED', { shard: 3, offset: 7n, reason: 'fire' })
    }
  }))
  const guest = new Channel<Kitchen, Record<string, never>>(port1, () => ({}))
  return {
    guest,
    order,
    finish: (dish: string) => waiting.get(dish)?.(`${dish}!`),
    batches: () => batches
  }
}

test('requests are worked on in order and answered in any', async () => {
  const { guest, order, finish, batches } = pair()
  const soup = guest.ask('cook', 'soup')
  const cake = guest.ask('cook', 'cake')
  expect(guest.waiting).toBe(2)
  expect(await guest.ask('count', new Uint8Array(5))).toBe(5)
  expect(order).toEqual(['soup', 'cake'])
  expect(batches(), 'one turn, one message').toBe(1)
  finish('cake')
  expect(await cake).toBe('cake!')
  finish('soup')
  expect(await soup).toBe('soup!')
  expect(guest.waiting).toBe(0)
})

test('a request may be answered a second time', async () => {
  const { guest } = pair()
  const later = guest.expect<string>()
  expect(await guest.ask('twice', { laterId: later.id })).toBe('now')
  expect(await later.answer).toBe('later')
})

test('an engine error arrives as the same one, and any other as an internal one that says where it was born', async () => {
  const { guest } = pair()
  await expect(guest.ask('burn', 'known')).rejects.toMatchObject({
    code: 'MILLRACE_SHARD_STOPPED',
    details: { shard: 3, offset: 7n, reason: 'fire' }
  })
  const error = await guest.ask('burn', 'unknown').catch((cause: unknown) => cause as EngineError)
  expect(error).toMatchObject({ code: 'MILLRACE_INTERNAL', details: { reason: 'no such pan' } })
  expect(String((error as EngineError).cause)).toContain('channel.test.ts')
})

test('bytes that are given away are not copied', async () => {
  const { guest } = pair()
  const bytes = new Uint8Array(100_000)
  expect(await guest.ask('count', bytes, [bytes.buffer])).toBe(100_000)
  expect(bytes.byteLength).toBe(0)
})

test('closing ends every wait, and lets nobody ask any more', async () => {
  const { guest } = pair()
  const soup = guest.ask('cook', 'soup')
  guest.close(new EngineError('MILLRACE_NODE_DRAINING'))
  await expect(soup).rejects.toMatchObject({ code: 'MILLRACE_NODE_DRAINING' })
  expect(() => guest.expect()).toThrow('the node is stopping')
})
