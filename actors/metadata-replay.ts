import { decodeSnapshot, emptyMetadata, type MetadataState } from '../src/cluster/index.ts'
import { type Crc32c, decodeFrame, type Frame } from '../src/domain/record/index.ts'
import type { Log, LogBatch } from '../streams/index.ts'

const readBytesMax = 1 << 20
/** Records at the end of the log that are looked through first. */
const firstWindow = 256n

export interface MetadataPlace {
  readonly log: Log
  readonly topic: string
  readonly crc32c: Crc32c
}

/**
 * Finds the newest snapshot of a metadata log by looking back from its end, so that a log of any length costs no more than
 * twice the way to it.
 *
 * @returns the state to go on from; that of an empty log when there is no snapshot
 */
export async function newestMetadata(place: MetadataPlace): Promise<MetadataState> {
  const { start, end } = await place.log.ends(place.topic, 0)
  let before = end
  for (let window = firstWindow; before > start; window *= 2n) {
    const from = end - start > window ? end - window : start
    const found = await newestBetween(place, from, before)
    if (found !== undefined) return found
    before = from
  }
  return emptyMetadata
}

async function newestBetween(
  place: MetadataPlace,
  from: bigint,
  before: bigint
): Promise<MetadataState | undefined> {
  let found: MetadataState | undefined
  for (let next = from; next < before; ) {
    const batch = await readMetadata(place, next)
    for (const { offset, frame } of framesIn(batch, place.crc32c)) {
      if (offset < before) found = decodeSnapshot(frame, offset) ?? found
    }
    // A batch without records ends before its offsets do: nothing is to be found there.
    next = batch.nextOffset > next ? batch.nextOffset : before
  }
  return found
}

export function readMetadata({ log, topic }: MetadataPlace, from: bigint): Promise<LogBatch> {
  return log.read(topic, 0, from, { maxBytes: readBytesMax })
}

export function* framesIn(
  batch: LogBatch,
  crc32c: Crc32c
): Generator<{ readonly offset: bigint; readonly frame: Frame }> {
  for (let index = 0; index < batch.count; index++) {
    const offset = batch.offsets[index] ?? 0n
    const start = batch.positions[index] ?? 0
    const bytes = batch.bytes.subarray(start, start + (batch.lengths[index] ?? 0))
    yield { offset, frame: decodeFrame(bytes, crc32c, offset) }
  }
}
