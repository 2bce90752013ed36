import { expect, test } from 'vitest'
import { createActor, setup } from 'xstate'
import { mailboxOf } from '../../../actors/mailbox.ts'

type Event = { type: 'count' } | { type: 'flood' } | { type: 'fail' }

function counter(flood: () => void) {
  let counted = 0
  const machine = setup({
    types: { events: {} as Event },
    actions: {
      count: () => {
        counted += 1
      },
      flood,
      fail: () => {
        throw new TypeError('a bug')
      }
    }
  }).createMachine({
    on: { count: { actions: 'count' }, flood: { actions: 'flood' }, fail: { actions: 'fail' } }
  })
  return { actor: createActor(machine).start(), counted: () => counted }
}

test('an event that comes alone is handled before the call returns', () => {
  const { actor, counted } = counter(() => {})
  const send = mailboxOf<Event>(actor, { actor: 'counter', onBroken: () => {} })
  send({ type: 'count' })
  expect(counted()).toBe(1)
})

test('P9 past the limit of its mailbox an actor is reported broken once, and takes nothing more', () => {
  const broken: unknown[] = []
  const { actor, counted } = counter(() => {
    for (let event = 0; event < 10; event++) send({ type: 'count' })
  })
  const send = mailboxOf<Event>(actor, {
    actor: 'counter',
    limit: 4,
    onBroken: (error) => broken.push(error)
  })
  send({ type: 'flood' })
  send({ type: 'count' })
  expect(broken).toEqual([
    expect.objectContaining({
      code: 'MILLRACE_MAILBOX_FULL',
      message: expect.stringContaining('counter has 4 events waiting')
    })
  ])
  expect(counted()).toBe(0)
})

test('a machine that throws is reported broken instead of ending the process', () => {
  const broken: Error[] = []
  const { actor } = counter(() => {})
  const send = mailboxOf<Event>(actor, {
    actor: 'counter',
    onBroken: (error) => broken.push(error)
  })
  send({ type: 'fail' })
  send({ type: 'count' })
  expect(broken.map(({ message }) => message)).toEqual(['a bug'])
})
