import { crc32c as slicedCrc32c } from '../crc32c.ts'
import { nodeFiles, readFully } from '../files.ts'
import { batchHeaderBytes, recordHeaderBytes, storedBytes } from './batch-format.ts'
import { type InspectedBatch, type InspectedSegment, inspectLog } from './inspect.ts'

/** What a dump of the log prints, in order: each segment, then its records, then what is damaged in it. */
export type InspectedItem =
  | {
      readonly kind: 'segment'
      readonly topic: string
      readonly partition: number
      readonly segment: InspectedSegment
    }
  | {
      readonly kind: 'record'
      readonly topic: string
      readonly partition: number
      readonly offset: bigint
      readonly appendTimeMs: number
      readonly bytes: Uint8Array
    }
  | {
      readonly kind: 'damage'
      readonly file: string
      readonly position: number
      readonly offset: bigint
      readonly reason: string
    }

/**
 * Reads every whole record of the log in a folder, without changing anything.
 *
 * @param options.topic  only this one
 * @throws  MILLRACE_LOG_CORRUPT for a damaged manifest or a missing file, MILLRACE_LOG_FORMAT_NEWER
 */
export async function* inspectRecords(
  options: Parameters<typeof inspectLog>[0] & { readonly topic?: string | undefined }
): AsyncGenerator<InspectedItem> {
  const { files = nodeFiles, crc32c = slicedCrc32c } = options
  for await (const { topic, partition, segments } of inspectLog({ ...options, files, crc32c })) {
    if (options.topic !== undefined && topic !== options.topic) continue
    for (const segment of segments) {
      yield { kind: 'segment', topic, partition, segment }
      const file = await files.open(segment.file, 'read')
      try {
        for (const batch of segment.batches) {
          const bytes = new Uint8Array(batch.length)
          await readFully(file, bytes, batch.position)
          for (const record of recordsOf(batch, bytes))
            yield { kind: 'record', topic, partition, ...record }
        }
      } finally {
        await file.close()
      }
      if (segment.verdict === 'damaged') {
        const { file: name, endPosition: position, endOffset, stoppedBecause: reason } = segment
        yield { kind: 'damage', file: name, position, offset: BigInt(endOffset), reason }
      }
    }
  }
}

function* recordsOf(batch: InspectedBatch, bytes: Uint8Array) {
  const view = new DataView(bytes.buffer)
  let at = batchHeaderBytes
  for (let index = 0; index < batch.count; index++) {
    const length = view.getUint32(at, true)
    yield {
      offset: BigInt(batch.baseOffset + index),
      appendTimeMs: batch.appendTimeMs,
      bytes: bytes.subarray(at + recordHeaderBytes, at + recordHeaderBytes + length)
    }
    at += storedBytes(length)
  }
}
