import { expect, test } from 'vitest'
import {
  decodeCommand,
  emptyMetadata,
  encodeCommand,
  type MetadataState,
  reduceMetadata
} from '../../../src/cluster/index.ts'
import { specOfRequest } from '../../../src/domain/collection.ts'
import type { ControlCommand } from '../../../src/domain/ports.ts'
import { decodeFrame, sealFrame } from '../../../src/domain/record/index.ts'
import { plainCrc32c } from '../../support/crc32c.ts'

const spec = specOfRequest({ vectors: { size: 4, distance: 'Dot' }, shard_number: 2 })
const create = (name: string): ControlCommand => ({ type: 'createCollection', name, spec })
const remove = (name: string): ControlCommand => ({ type: 'deleteCollection', name })
const limits = { collections: 3 }

function replay(commands: readonly ControlCommand[]) {
  let state: MetadataState = emptyMetadata
  const verdicts = commands.map((command, offset) => {
    const reduction = reduceMetadata(state, BigInt(offset), command, limits)
    state = reduction.state
    return reduction.verdict
  })
  return { state, verdicts }
}

test('the first of two creations wins, the second is refused', () => {
  const { state, verdicts } = replay([create('a'), create('a')])
  expect(verdicts[0]).toMatchObject({ accepted: true, collectionId: 0n })
  expect(verdicts[1]).toMatchObject({ accepted: false, code: 'MILLRACE_COLLECTION_EXISTS' })
  expect(state.collections.get('a')?.id).toBe(0n)
})

test('a collection deleted and created again is another one', () => {
  const { state } = replay([create('a'), remove('a'), create('a')])
  expect(state.collections.get('a')?.id).toBe(2n)
})

test('deleting what is not there changes nothing and is accepted', () => {
  const { verdicts } = replay([remove('a')])
  expect(verdicts[0]).toMatchObject({ accepted: true, changed: false })
})

test('P9 past the limit a creation is refused, and there is room again after a deletion', () => {
  const { verdicts } = replay([
    create('a'),
    create('b'),
    create('c'),
    create('d'),
    remove('a'),
    create('d')
  ])
  expect(verdicts[3]).toMatchObject({ accepted: false, code: 'MILLRACE_COLLECTION_LIMIT' })
  expect(verdicts[5]).toMatchObject({ accepted: true })
})

test('P2 replaying the same commands gives the same state', () => {
  const commands = [create('a'), create('b'), remove('a'), create('c'), create('a')]
  expect(replay(commands).state).toEqual(replay(commands).state)
})

test.each([[create('ä "b"')], [remove('x')]])('a command comes back from its record', (command) => {
  const bytes = encodeCommand({ command, limits }, plainCrc32c)
  sealFrame(bytes, { producerId: 1n, sequence: 1n, writerEpoch: 1 }, plainCrc32c)
  const decoded = decodeCommand(decodeFrame(bytes, plainCrc32c), 0n)
  expect(decoded).toEqual({ command, limits })
})

test('a command that this version does not know stops the reader', () => {
  const bytes = encodeCommand(
    { command: { type: 'reshard' } as unknown as ControlCommand, limits },
    plainCrc32c
  )
  sealFrame(bytes, { producerId: 1n, sequence: 1n, writerEpoch: 1 }, plainCrc32c)
  expect(() => decodeCommand(decodeFrame(bytes, plainCrc32c), 5n)).toThrow(
    /offset 5 is of a newer format/
  )
})
