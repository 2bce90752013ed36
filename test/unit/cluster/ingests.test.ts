import { expect, test } from 'vitest'
import {
  decodeCommand,
  emptyMetadata,
  encodeCommand,
  type MetadataState,
  reduceMetadata
} from '../../../src/cluster/index.ts'
import { specOfRequest } from '../../../src/domain/collection.ts'
import type { IngestSpec } from '../../../src/domain/ingest.ts'
import type { ControlCommand } from '../../../src/domain/ports.ts'
import { decodeFrame, sealFrame } from '../../../src/domain/record/index.ts'
import { plainCrc32c } from '../../support/crc32c.ts'

const spec: IngestSpec = {
  collection: 'a',
  topics: ['t'],
  brokers: [],
  format: 'sink',
  encoding: 'json',
  mapping: { id: 'id' },
  start: 'earliest',
  dead_letter_topic: 'dead',
  flush: { messages: 1000, bytes: 1 << 20, ms: 10 }
}
const create = (name: string): ControlCommand => ({
  type: 'createCollection',
  name,
  spec: specOfRequest({ vectors: { size: 4, distance: 'Dot' } })
})
const put = (name: string, changes: Partial<IngestSpec> = {}, node = 5): ControlCommand => ({
  type: 'putIngest',
  name,
  spec: { ...spec, ...changes },
  node
})

function replay(commands: readonly ControlCommand[]) {
  let state: MetadataState = emptyMetadata
  const verdicts = commands.map((command, offset) => {
    const reduction = reduceMetadata(state, BigInt(offset), command, { collections: 9, ingests: 2 })
    state = reduction.state
    return reduction.verdict
  })
  return { state, verdicts }
}

test('an ingest is known by the offset of its creation, and a change keeps it', () => {
  const { state } = replay([create('a'), put('i'), put('i', { topics: ['u'] }, 6)])
  expect(state.ingests.get('i')).toEqual({
    name: 'i',
    id: 1n,
    collectionId: 0n,
    spec: { ...spec, topics: ['u'] },
    isPaused: false,
    node: 6
  })
})

test('deleted and created again, or reset, it is another one', () => {
  const again = replay([create('a'), put('i'), { type: 'deleteIngest', name: 'i' }, put('i')])
  expect(again.state.ingests.get('i')?.id).toBe(3n)
  const reset = replay([create('a'), put('i'), { type: 'resetIngest', name: 'i', start: 'latest' }])
  expect(reset.state.ingests.get('i')).toMatchObject({ id: 2n, spec: { start: 'latest' } })
})

test('it is paused, and goes on where it is resumed', () => {
  const paused = replay([create('a'), put('i'), { type: 'pauseIngest', name: 'i' }])
  expect(paused.state.ingests.get('i')).toMatchObject({ isPaused: true, node: 5 })
  const resumed = replay([
    create('a'),
    put('i'),
    { type: 'pauseIngest', name: 'i' },
    { type: 'resumeIngest', name: 'i', node: 8 }
  ])
  expect(resumed.state.ingests.get('i')).toMatchObject({ isPaused: false, node: 8, id: 1n })
})

test('it goes with its collection', () => {
  const { state } = replay([create('a'), put('i'), { type: 'deleteCollection', name: 'a' }])
  expect(state.ingests.size).toBe(0)
})

test('what cannot be is refused', () => {
  const { verdicts, state } = replay([
    put('i'),
    create('a'),
    create('b'),
    put('i'),
    put('i', { collection: 'b' }),
    put('j'),
    put('k'),
    { type: 'pauseIngest', name: 'x' },
    { type: 'deleteIngest', name: 'x' }
  ])
  expect(verdicts.map((verdict) => (verdict.accepted ? verdict.changed : verdict.code))).toEqual([
    'MILLRACE_COLLECTION_NOT_FOUND',
    true,
    true,
    true,
    'MILLRACE_INGEST_EXISTS',
    true,
    'MILLRACE_INGEST_LIMIT',
    'MILLRACE_INGEST_NOT_FOUND',
    false
  ])
  expect([...state.ingests.keys()]).toEqual(['i', 'j'])
})

test('the commands survive their records', () => {
  const commands: ControlCommand[] = [
    put('i', { start: { offsets: { t: { 0: 2 ** 40 } } } }),
    { type: 'resetIngest', name: 'i', start: { time_ms: 5 } }
  ]
  for (const command of commands) {
    const frame = encodeCommand({ command, limits: { collections: 1 } }, plainCrc32c)
    sealFrame(frame, { producerId: 1n, sequence: 1n, writerEpoch: 1 }, plainCrc32c)
    expect(decodeCommand(decodeFrame(frame, plainCrc32c), 0n).command).toEqual(command)
  }
})
