import { type FileLayer, nodeFiles, readFully } from '../files.ts'
import type { LogBatch } from '../log.ts'
import { LogBatchBuilder } from '../log-batch.ts'
import { offsetNumber } from '../offsets.ts'
import { batchHeaderBytes, recordHeaderBytes, storedBytes } from './batch-format.ts'
import type { InspectedBatch, InspectedPartition, InspectedSegment } from './inspect.ts'

const runBytesMax = 4 << 20

/**
 * Reads the records of an inspected partition from an offset on, in runs as `Log.read` gives them, up to the end of
 * the log or the first batch that does not hold.
 */
export async function* readInspected(
  partition: InspectedPartition,
  from: bigint,
  files: FileLayer = nodeFiles
): AsyncGenerator<LogBatch> {
  const first = offsetNumber(from)
  const end = partition.segments.at(-1)?.endOffset ?? 0
  for (const segment of partition.segments) {
    const wanted = segment.batches.filter(({ baseOffset, count }) => baseOffset + count > first)
    for (const run of runsOf(wanted)) yield await readRun(files, segment, run, first, end)
    if (segment.verdict === 'damaged') return
  }
}

function* runsOf(batches: readonly InspectedBatch[]): Generator<InspectedBatch[]> {
  let run: InspectedBatch[] = []
  let bytes = 0
  for (const batch of batches) {
    if (run.length > 0 && bytes + batch.length > runBytesMax) {
      yield run
      run = []
      bytes = 0
    }
    run.push(batch)
    bytes += batch.length
  }
  if (run.length > 0) yield run
}

async function readRun(
  files: FileLayer,
  segment: InspectedSegment,
  run: readonly InspectedBatch[],
  first: number,
  end: number
): Promise<LogBatch> {
  const start = run[0]?.position ?? 0
  const last = run.at(-1)
  // Batches follow each other without gaps.
  const bytes = new Uint8Array((last?.position ?? 0) + (last?.length ?? 0) - start)
  const file = await files.open(segment.file, 'read')
  try {
    await readFully(file, bytes, start)
  } finally {
    await file.close()
  }
  const view = new DataView(bytes.buffer)
  const builder = new LogBatchBuilder()
  for (const batch of run) {
    let at = batch.position - start + batchHeaderBytes
    for (let index = 0; index < batch.count; index++) {
      const length = view.getUint32(at, true)
      const offset = batch.baseOffset + index
      if (offset >= first) builder.add(offset, at + recordHeaderBytes, length, batch.appendTimeMs)
      at += storedBytes(length)
    }
  }
  return builder.finish(bytes, (last?.baseOffset ?? 0) + (last?.count ?? 0), end)
}
