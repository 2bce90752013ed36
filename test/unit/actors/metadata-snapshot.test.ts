import { expect, onTestFinished, test } from 'vitest'
import { metadataTopic } from '../../../actors/index.ts'
import { startMetadata } from '../../../actors/metadata.actor.ts'
import { encodeSnapshot, isSameMetadata } from '../../../src/cluster/index.ts'
import { sealFrame } from '../../../src/domain/record/index.ts'
import { EngineError } from '../../../src/errors/index.ts'
import { type Log, MemoryLog } from '../../../streams/index.ts'
import { plainCrc32c } from '../../support/crc32c.ts'
import { ManualClock, settle } from '../../support/manual-clock.ts'
import { quiet, specOf } from '../../support/model-node.ts'

const seal = { producerId: 9n, sequence: 1n, writerEpoch: 1 }

async function metadata(log: Log, logger = quiet) {
  const clock = new ManualClock()
  const actor = await startMetadata({
    log,
    clock,
    logger,
    crc32c: plainCrc32c,
    producerId: 1n,
    limits: { collections: 100 },
    onState: () => {}
  })
  onTestFinished(() => actor.stop())
  return { ...actor, clock }
}

async function change(
  { propose }: Awaited<ReturnType<typeof metadata>>,
  times: number
): Promise<void> {
  for (let turn = 0; turn < times; turn++) {
    const name = `c${turn % 7}`
    const type = Math.floor(turn / 7) % 2 === 0 ? 'createCollection' : 'deleteCollection'
    await propose(type === 'createCollection' ? { type, name, spec: specOf(1) } : { type, name })
  }
}

/** @returns how many records of the metadata log are read through `log` */
function counted(log: Log): { readonly log: Log; readonly records: () => number } {
  let records = 0
  const read: Log['read'] = async (...args) => {
    const batch = await log.read(...args)
    records += batch.count
    return batch
  }
  return {
    log: new Proxy(log, { get: (of, key) => (key === 'read' ? read : bound(of, key)) }),
    records: () => records
  }
}

function bound(log: Log, key: string | symbol): unknown {
  const value = Reflect.get(log, key) as unknown
  return typeof value === 'function' ? value.bind(log) : value
}

test('a new node starts from the newest metadata snapshot, and reads little before it', async () => {
  const log = new MemoryLog()
  const first = await metadata(log)
  await change(first, 2_000)
  await settle()
  const { end } = await log.ends(metadataTopic, 0)
  expect(end).toBeGreaterThan(2_000n)
  const counting = counted(log)
  const second = await metadata(counting.log)
  expect(isSameMetadata(second.state(), first.state())).toBe(true)
  expect(second.state().nextOffset).toBe(first.state().nextOffset)
  expect(counting.records()).toBeLessThan(1_000)
})

test('a metadata log whose beginning is gone is read from its newest snapshot', async () => {
  const log = new MemoryLog()
  const first = await metadata(log)
  await change(first, 300)
  await settle()
  await log.trimBefore(metadataTopic, 0, 256n)
  const second = await metadata(log)
  expect(isSameMetadata(second.state(), first.state())).toBe(true)
})

test('a snapshot that another record has overtaken is nothing to anyone', async () => {
  const log = new MemoryLog()
  const first = await metadata(log)
  await change(first, 3)
  const stale = encodeSnapshot({ ...first.state(), aliases: new Map([['x', 'c0']]) }, plainCrc32c)
  await change(first, 1)
  await log.append(metadataTopic, 0, [sealFrame(stale, seal, plainCrc32c)])
  await settle()
  const second = await metadata(log)
  expect(second.state().aliases.size).toBe(0)
  expect(second.state().collections.size).toBe(3)
  expect(first.report().lastError).toBeNull()
})

test('a snapshot that says something else than the log is told of', async () => {
  const log = new MemoryLog()
  const first = await metadata(log)
  await change(first, 3)
  const wrong = encodeSnapshot({ ...first.state(), aliases: new Map([['x', 'c0']]) }, plainCrc32c)
  await log.append(metadataTopic, 0, [sealFrame(wrong, seal, plainCrc32c)])
  await settle()
  expect(first.state().aliases.size).toBe(0)
  expect(first.report().lastError).toMatch(/snapshot of offset 3 is not what this node has reduced/)
})

test('a metadata log that cannot be read for a while is read again by itself', async () => {
  const log = new MemoryLog()
  let isLost = false
  const flaky = new Proxy(log, {
    get: (of, key) =>
      key === 'read' && isLost
        ? async () => {
            throw new EngineError('MILLRACE_LOG_FAILED', { file: 'meta', reason: 'no broker' })
          }
        : bound(of, key)
  })
  const actor = await metadata(flaky)
  const other = await metadata(log)
  isLost = true
  await change(other, 2)
  await settle()
  expect(actor.report()).toMatchObject({ state: 'waiting', isBusy: true })
  isLost = false
  await actor.clock.advance(60_000)
  expect(actor.report()).toMatchObject({ state: 'following', isBusy: false })
  expect(actor.state().collections.size).toBe(2)
})
