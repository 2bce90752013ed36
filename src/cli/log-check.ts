/** Reads the whole log of a data folder and checks every byte of it, without changing anything. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import {
  type InspectedPartition,
  inspectPartition,
  nodeFiles,
  readInspected
} from '../../streams/index.ts'
import { readLogName } from '../checkpoint/index.ts'
import { decodeFrame } from '../domain/record/index.ts'
import { crc32c } from '../engine/index.ts'
import { EngineError, toEngineError } from '../errors/index.ts'
import type { Progress } from './progress.ts'

export interface CheckedPartition {
  readonly topic: string
  readonly partition: number
  /** Undefined when its manifest is damaged or a file is missing: nothing of it can be read then. */
  readonly inspected: InspectedPartition | undefined
  readonly start: bigint
  /** Where the last whole record ends. */
  readonly end: bigint
  readonly records: number
  readonly bytes: number
  /** Each names file, position and offset. */
  readonly faults: readonly string[]
  /** Of no harm: what the next start will cut off. */
  readonly notes: readonly string[]
}

/** @returns the folder of the log in a data folder, or the folder itself when it is one of a log */
export function logFolderOf(data: string): string {
  const elsewhere = readLogName(data)
  if (elsewhere !== undefined) {
    const reason = `its log is elsewhere (${elsewhere})`
    throw new EngineError('MILLRACE_DATA_UNUSABLE', { folder: data, reason })
  }
  const inside = join(data, 'log')
  if (existsSync(inside)) return inside
  if (existsSync(data)) return data
  throw new EngineError('MILLRACE_DATA_UNUSABLE', {
    folder: data,
    reason: 'there is no such folder'
  })
}

export async function* checkLog(
  folder: string,
  progress: Progress
): AsyncGenerator<CheckedPartition> {
  for (const topic of await nodeFiles.list(folder)) {
    if (topic.startsWith('.')) continue
    const names = await nodeFiles.list(join(folder, topic))
    const partitions = names.filter((name) => /^\d+$/.test(name)).map(Number)
    for (const partition of partitions.sort((a, b) => a - b)) {
      yield await checkPartition(folder, topic, partition, progress)
    }
  }
}

async function checkPartition(
  folder: string,
  topic: string,
  partition: number,
  progress: Progress
): Promise<CheckedPartition> {
  const faults: string[] = []
  const notes: string[] = []
  let inspected: InspectedPartition | undefined
  try {
    inspected = await inspectPartition({ folder, topic, partition, crc32c })
  } catch (cause) {
    faults.push(reasonOf(cause))
    return { topic, partition, inspected, start: 0n, end: 0n, records: 0, bytes: 0, faults, notes }
  }
  for (const { file, endPosition, endOffset, stoppedBecause, verdict } of inspected.segments) {
    const place = `${file}, at byte ${endPosition}, offset ${endOffset}: ${stoppedBecause}`
    if (verdict === 'damaged') faults.push(place)
    if (verdict === 'torn') notes.push(`a write that was never acknowledged ends the log: ${place}`)
  }
  let records = 0
  let bytes = 0
  const start = BigInt(inspected.manifest.start)
  let end = start
  for await (const batch of readInspected(inspected, start)) {
    for (let index = 0; index < batch.count; index++) {
      const at = batch.positions[index] ?? 0
      const length = batch.lengths[index] ?? 0
      const offset = batch.offsets[index] ?? 0n
      const fault = faultOf(batch.bytes.subarray(at, at + length), offset)
      if (fault !== undefined) faults.push(`${inspected.folder}, offset ${offset}: ${fault}`)
      bytes += length
    }
    records += batch.count
    end = batch.nextOffset
    progress.say(() => `${topic}/${partition}: ${count(records)} records of the log checked`)
  }
  return { topic, partition, inspected, start, end, records, bytes, faults, notes }
}

/** The record's own checksums stand beside those of the log's batches. */
function faultOf(bytes: Uint8Array, offset: bigint): string | undefined {
  try {
    decodeFrame(bytes, crc32c, offset)
    return undefined
  } catch (cause) {
    return reasonOf(cause)
  }
}

/** What is wrong, without the words that an HTTP client expects in front. */
export function reasonOf(cause: unknown): string {
  return toEngineError(cause).message.replace(/^Service internal error: /, '')
}

export function count(value: number): string {
  return value.toLocaleString('en')
}
