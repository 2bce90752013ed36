import { expect, test } from 'vitest'
import { specOfRequest } from '../../../src/domain/collection.ts'
import {
  type CollectionView,
  emptyDirectory,
  type ShardDirectory,
  type ShardStatus
} from '../../../src/domain/directory.ts'
import {
  directoryChange,
  followDirectory,
  isWorthSending
} from '../../../src/gateway/directory-change.ts'
import { Random } from '../../support/random.ts'
import { testSeed } from '../../support/seed.ts'

const specOf = (size: number) => specOfRequest({ vectors: { size, distance: 'Dot' } })

function viewOf(name: string, id: bigint, statuses: readonly ShardStatus[]): CollectionView {
  const shards = statuses.map((status, shard) => ({ shard, key: `c${id}/${shard}`, status }))
  const shardOfBucket = new Uint16Array(4)
  return { name, id, generation: 0, schemaVersion: 1, spec: specOf(2), shardOfBucket, shards }
}

const running: ShardStatus = { kind: 'running' }
const directoryOf = (version: number, ...views: readonly CollectionView[]): ShardDirectory => ({
  version,
  collections: new Map(views.map((view) => [view.name, view])),
  aliases: new Map()
})

/** As it arrives in another thread. */
const travel = <Value>(value: Value): Value => structuredClone(value)

test('a collection that did not change is not sent, and stays the same object', () => {
  const first = directoryOf(1, viewOf('a', 1n, [running]), viewOf('b', 2n, [running]))
  const there = followDirectory(emptyDirectory, travel(directoryChange(emptyDirectory, first)))
  const [a, b] = first.collections.values()
  if (a === undefined || b === undefined) throw new Error('two collections')
  const stopped: ShardStatus = { kind: 'stopped', offset: 9n, reason: 'why' }
  const second = directoryOf(2, { ...a }, { ...b, shards: viewOf('b', 2n, [stopped]).shards })
  const change = directoryChange(first, second)
  expect(change.changed.map(({ name }) => name)).toEqual(['b'])
  expect(
    JSON.stringify(change.changed, (_, x) => (typeof x === 'bigint' ? `${x}` : x))
  ).not.toContain('spec')
  const after = followDirectory(there, travel(change))
  expect(after).toEqual(second)
  expect(after.collections.get('a')).toBe(there.collections.get('a'))
  expect(after.collections.get('b')?.spec).toBe(there.collections.get('b')?.spec)
})

test('a new version that says nothing new is not worth a message; another name is', () => {
  const first = directoryOf(1, viewOf('a', 1n, [running]))
  const [a] = first.collections.values()
  if (a === undefined) throw new Error('a collection')
  const { aliases } = first
  const second = {
    ...directoryOf(2, {
      ...a,
      shards: [{ ...a.shards[0], status: { kind: 'running' } }]
    } as CollectionView),
    aliases
  }
  expect(isWorthSending(first, directoryChange(first, second))).toBe(false)
  const third = { ...second, aliases: new Map([['other', 'a']]) }
  expect(isWorthSending(first, directoryChange(first, third))).toBe(true)
  expect(followDirectory(first, travel(directoryChange(first, third)))).toEqual(third)
})

test('any sequence of changes arrives as it was', () => {
  const random = new Random(testSeed('directory changes'))
  const names = ['a', 'b', 'c', 'd', 'e']
  const statuses = (): ShardStatus[] =>
    Array.from({ length: 1 + random.below(3) }, () =>
      random.chance(0.5) ? running : { kind: 'recovering', lagRecords: random.below(3) }
    )
  let here = emptyDirectory
  let there = emptyDirectory
  for (let version = 1; version <= 500; version++) {
    const collections = new Map(here.collections)
    const name = random.pick(names)
    const known = collections.get(name)
    if (known === undefined || random.chance(0.2)) {
      collections.set(name, viewOf(name, BigInt(version), statuses()))
    } else if (random.chance(0.3)) collections.delete(name)
    else collections.set(name, { ...known, shards: viewOf(name, known.id, statuses()).shards })
    const next = { version, collections, aliases: new Map([['x', random.pick(names)]]) }
    there = followDirectory(there, travel(directoryChange(here, next)))
    here = next
    expect(there).toEqual(here)
  }
})
