import { expect, test } from 'vitest'
import { run as runEngine } from '../../bench/engine.bench.ts'
import { run as runIngest } from '../../bench/ingest.bench.ts'
import { run as runKafkaLog } from '../../bench/kafka-log.bench.ts'
import { run as runLogAppend } from '../../bench/log-append.bench.ts'
import { run as runNats } from '../../bench/nats-request-reply.bench.ts'
import { run as runReplay } from '../../bench/replay.bench.ts'
import { run as runRest } from '../../bench/rest-upload-search.bench.ts'
import { natsSetupMs } from '../support/nats-server.ts'

// The small size of each benchmark, so that none rots. Speed is never judged here.

test('the log append bench runs', { timeout: 120_000 }, async () => {
  const result = await runLogAppend({ size: 'small' })
  console.info(JSON.stringify(result))
  expect(Object.keys(result).length).toBeGreaterThan(3)
})

test('the bench of the log in Kafka runs', { timeout: 180_000 }, async () => {
  const result = await runKafkaLog({ size: 'small' })
  console.info(JSON.stringify(result))
  expect(result.replay.pointsPerSecond).toBeGreaterThan(0)
})

test('the replay bench runs, and the replay has the digest of the load', {
  timeout: 120_000
}, async () => {
  const result = await runReplay({ size: 'small' })
  console.info(JSON.stringify(result))
  expect(result.points).toBe(20_000)
  expect(result.pointsPerSecond).toBeGreaterThan(0)
})

test('the bench of NATS beside REST runs', { timeout: natsSetupMs }, async () => {
  const lines = await runNats({ size: 'small' })
  for (const line of lines) console.info(JSON.stringify(line))
  expect(lines.map(({ label }) => label.slice(0, 4))).toEqual(['rest', 'nats'])
  for (const { qps } of lines) expect(qps).toBeGreaterThan(0)
})

test('the upload and search bench finds every true neighbour', { timeout: 120_000 }, async () => {
  const lines = await runRest({ size: 'small' })
  for (const line of lines) console.info(JSON.stringify(line))
  const searches = lines.filter(({ op }) => op === 'search')
  expect(searches.length).toBeGreaterThan(0)
  for (const { recall, errors } of searches) {
    // -1: no ground truth was given.
    expect([1, -1]).toContain(recall)
    expect(errors).toBe(0)
  }
})

test('the ingest bench reads everything that it wrote', { timeout: 180_000 }, async () => {
  const lines = await runIngest({ size: 'small' })
  for (const line of lines) console.info(JSON.stringify(line))
  expect(lines.map(({ op, points }) => [op, points])).toEqual([
    ['drain', 20_000],
    ['steady', 10_000]
  ])
})

test('the engine and its peers find the true neighbours, and the engine also under filters', {
  timeout: 600_000
}, async () => {
  const lines = await runEngine({ size: 'small' })
  for (const { name, ask, recall, path } of lines)
    console.info(JSON.stringify({ name, ask, recall, path }))
  const kinds = new Set(lines.map(({ name }) => name.split(' ')[0]))
  expect([...kinds].sort()).toEqual(['faiss', 'hnswlib', 'millrace', 'qdrant-edge', 'usearch'])
  for (const { ask, recall } of lines)
    if (ask === 'search 512' || ask.startsWith('filter')) expect(recall).toBeGreaterThan(0.97)
})
