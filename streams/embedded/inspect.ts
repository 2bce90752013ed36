import { EngineError } from '../../src/errors/index.ts'
import { type Crc32c, crc32c as slicedCrc32c } from '../crc32c.ts'
import { type FileLayer, nodeFiles } from '../files.ts'
import type { BatchHeader } from './batch-format.ts'
import { loadManifest, type Manifest, type ManifestSegment } from './manifest.ts'
import { segmentFileName } from './segment-format.ts'
import { inspectTail, scanSegment, type TailFinding } from './segment-scan.ts'

export interface InspectedPartition {
  readonly topic: string
  readonly partition: number
  readonly folder: string
  readonly manifest: Manifest
  readonly segments: readonly InspectedSegment[]
}

export interface InspectedSegment {
  readonly file: string
  readonly firstOffset: number
  readonly isSealed: boolean
  readonly batches: readonly InspectedBatch[]
  /** Where the last good batch ends, in the file and in offsets. */
  readonly endPosition: number
  readonly endOffset: number
  /** Why no further batch was read. */
  readonly stoppedBecause: string
  readonly verdict: 'whole' | 'torn' | 'damaged'
}

export interface InspectedBatch extends BatchHeader {
  readonly position: number
}

/**
 * Reads the log of a folder and checks every batch, without changing anything. It may run beside a
 * server, which then may be writing the last batch.
 *
 * @throws MILLRACE_LOG_CORRUPT for a damaged manifest or a missing file, MILLRACE_LOG_FORMAT_NEWER
 */
export async function* inspectLog(options: {
  readonly folder: string
  readonly files?: FileLayer
  readonly crc32c?: Crc32c
}): AsyncGenerator<InspectedPartition> {
  const { folder, files = nodeFiles, crc32c = slicedCrc32c } = options
  for (const topic of await files.list(folder)) {
    if (topic.startsWith('.')) continue
    const names = await files.list(`${folder}/${topic}`)
    const partitions = names.filter((name) => /^\d+$/.test(name)).map(Number)
    for (const partition of partitions.sort((a, b) => a - b)) {
      yield await inspectPartition({ folder, topic, partition, files, crc32c })
    }
  }
}

/** As `inspectLog`, of one partition. */
export async function inspectPartition(options: {
  readonly folder: string
  readonly topic: string
  readonly partition: number
  readonly files?: FileLayer
  readonly crc32c?: Crc32c
}): Promise<InspectedPartition> {
  const { topic, partition, files = nodeFiles, crc32c = slicedCrc32c } = options
  const folder = `${options.folder}/${topic}/${partition}`
  const manifest = await loadManifest(files, folder, crc32c)
  const segments: InspectedSegment[] = []
  for (const entry of manifest.segments) {
    segments.push(await inspectSegment(files, folder, entry, crc32c))
  }
  return { topic, partition, folder, manifest, segments }
}

async function inspectSegment(
  files: FileLayer,
  folder: string,
  entry: ManifestSegment,
  crc32c: Crc32c
): Promise<InspectedSegment> {
  const path = `${folder}/${segmentFileName(entry.first)}`
  const file = await files.open(path, 'read').catch((error: unknown) => {
    const details = { file: path, position: 0, offset: entry.first, reason: String(error) }
    throw new EngineError('MILLRACE_LOG_CORRUPT', details, { cause: error })
  })
  try {
    const batches: InspectedBatch[] = []
    const segmentId = BigInt(`0x${entry.id}`)
    const scan = await scanSegment({
      file,
      segmentId,
      firstOffset: entry.first,
      prevBodyCrc: entry.prevBodyCrc,
      crc32c,
      onBatch: (header, position) => batches.push({ ...header, position })
    })
    const tail = await inspectTail({ file, segmentId, scan, crc32c })
    return {
      file: path,
      firstOffset: entry.first,
      isSealed: entry.sealed !== undefined,
      batches,
      endPosition: scan.position,
      endOffset: scan.offset,
      stoppedBecause: scan.reason,
      verdict: verdictOf(entry, scan.offset, tail)
    }
  } finally {
    await file.close()
  }
}

function verdictOf(
  entry: ManifestSegment,
  endOffset: number,
  tail: TailFinding
): InspectedSegment['verdict'] {
  if (entry.sealed) return endOffset === entry.sealed.end ? 'whole' : 'damaged'
  if (tail.laterBatch) return 'damaged'
  // Old bytes of a recycled file are no sign of a torn batch; a header of this life is.
  return tail.hasOwnBatch ? 'torn' : 'whole'
}
