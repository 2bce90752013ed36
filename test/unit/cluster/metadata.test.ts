import { expect, test } from 'vitest'
import {
  decodeCommand,
  emptyMetadata,
  encodeCommand,
  type MetadataLimits,
  type MetadataState,
  reduceMetadata
} from '../../../src/cluster/index.ts'
import { specOfRequest } from '../../../src/domain/collection.ts'
import type { ControlCommand } from '../../../src/domain/ports.ts'
import { decodeFrame, sealFrame } from '../../../src/domain/record/index.ts'
import type { AliasAction, UpdateCollectionBody } from '../../../src/domain/schemas/index.ts'
import { plainCrc32c } from '../../support/crc32c.ts'

const spec = specOfRequest({ vectors: { size: 4, distance: 'Dot' }, shard_number: 2 })
const create = (name: string): ControlCommand => ({ type: 'createCollection', name, spec })
const remove = (name: string): ControlCommand => ({ type: 'deleteCollection', name })
const update = (name: string, patch: UpdateCollectionBody): ControlCommand => ({
  type: 'updateCollection',
  name,
  patch
})
const change = (...actions: AliasAction[]): ControlCommand => ({ type: 'changeAliases', actions })
const alias = (collection_name: string, alias_name: string): AliasAction => ({
  create_alias: { collection_name, alias_name }
})
const limits: MetadataLimits = { collections: 3 }

function replay(commands: readonly ControlCommand[], within = limits) {
  let state: MetadataState = emptyMetadata
  const verdicts = commands.map((command, offset) => {
    const reduction = reduceMetadata(state, BigInt(offset), command, within)
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

test('a patch makes a new spec and keeps the identity of everything else', () => {
  const patch = { metadata: { a: 1 }, params: { read_fan_out_factor: 2 } }
  const { state, verdicts } = replay([create('a'), create('b'), update('a', patch)])
  expect(verdicts[2]).toEqual({ accepted: true, changed: true, collectionId: 0n })
  expect(state.collections.get('a')).toMatchObject({ id: 0n, schemaVersion: 1, generation: 0 })
  expect(state.collections.get('a')?.spec).toEqual({
    ...spec,
    request: { ...spec.request, metadata: { a: 1 } },
    readFanOut: { read_fan_out_factor: 2 }
  })
  expect(state.collections.get('b')?.spec).toBe(spec)
})

test('a patch of what is not there, or of an unknown vector, is refused and changes nothing', () => {
  const before = replay([create('a')]).state.collections
  const { state, verdicts } = replay([
    create('a'),
    update('b', {}),
    update('a', { vectors: { x: {} } })
  ])
  expect(verdicts[1]).toMatchObject({ accepted: false, code: 'MILLRACE_COLLECTION_NOT_FOUND' })
  expect(verdicts[2]).toMatchObject({ accepted: false, code: 'MILLRACE_VECTOR_NAME_UNKNOWN' })
  expect(state.collections).toEqual(before)
})

test('of actions on aliases those before a failing one stay applied', () => {
  const { state, verdicts } = replay([
    create('a'),
    change(alias('a', 'x'), alias('nothing', 'y'), alias('a', 'z'))
  ])
  expect(verdicts[1]).toMatchObject({ accepted: false, code: 'MILLRACE_COLLECTION_NOT_FOUND' })
  expect([...state.aliases]).toEqual([['x', 'a']])
})

test('a renaming that fails leaves the alias where it was', () => {
  const { state, verdicts } = replay([
    create('a'),
    change(alias('a', 'x')),
    change({ rename_alias: { old_alias_name: 'x', new_alias_name: 'a' } })
  ])
  expect(verdicts[2]).toMatchObject({ accepted: false, code: 'MILLRACE_COLLECTION_EXISTS' })
  expect([...state.aliases]).toEqual([['x', 'a']])
})

test('a collection cannot be created under the name of an alias until the alias goes', () => {
  const { state, verdicts } = replay([
    create('a'),
    change(alias('a', 'x')),
    create('x'),
    remove('a'),
    create('x')
  ])
  expect(verdicts[2]).toMatchObject({ code: 'MILLRACE_COLLECTION_NAMED_LIKE_ALIAS' })
  expect(verdicts[4]).toMatchObject({ accepted: true, collectionId: 4n })
  expect(state.aliases.size).toBe(0)
})

test('P9 newer limits hold where the record has them, and only there', () => {
  const commands = [create('a'), change(alias('a', 'x'), alias('a', 'y'))]
  const patch = update('a', { metadata: { text: 'x'.repeat(100) } })
  expect(replay([...commands, patch]).verdicts.map(({ accepted }) => accepted)).toEqual([
    true,
    true,
    true
  ])
  const tight = { ...limits, aliases: 1, metadataBytes: 50 }
  expect(replay([...commands, patch], tight).verdicts).toMatchObject([
    { accepted: true },
    { accepted: false, code: 'MILLRACE_ALIAS_LIMIT' },
    { accepted: false, code: 'MILLRACE_METADATA_TOO_LARGE' }
  ])
})

test.each([
  [create('ä "b"')],
  [remove('x')],
  [update('a', { metadata: { n: null }, vectors: { '': { hnsw_config: {} } } })],
  [change(alias('a', 'b'))]
])('a command comes back from its record', (command) => {
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
