/** `millrace log dump DATA [TOPIC]`: prints the log record by record, without changing anything. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { type InspectedItem, inspectRecords } from '../../streams/index.ts'
import {
  decodeFrame,
  type Frame,
  readMeta,
  readSource,
  recordKinds,
  sectionKinds
} from '../domain/record/index.ts'
import { crc32c } from '../engine/index.ts'
import { toEngineError } from '../errors/index.ts'

const kindNames = new Map<number, string>(
  Object.entries(recordKinds).map(([name, kind]) => [kind, name])
)
const sectionNames = new Map<number, string>(
  Object.entries(sectionKinds).map(([name, kind]) => [kind, name])
)

/** @returns the exit code: 1 when something in the log is damaged */
export async function dumpLog(data: string, topic: string | undefined): Promise<number> {
  const folder = existsSync(join(data, 'log')) ? join(data, 'log') : data
  let damaged = 0
  for await (const item of inspectRecords({ folder, topic, crc32c })) {
    if (item.kind === 'damage') damaged += 1
    print(lineOf(item))
  }
  return damaged === 0 ? 0 : 1
}

function lineOf(item: InspectedItem): string {
  switch (item.kind) {
    case 'segment': {
      const { file, firstOffset, endOffset, endPosition, verdict } = item.segment
      return `${item.topic}/${item.partition}  ${file}  offsets ${firstOffset} to ${endOffset}, ${endPosition} bytes, ${verdict}`
    }
    case 'record': {
      const time = new Date(item.appendTimeMs).toISOString()
      return `  ${String(item.offset).padStart(8)}  ${time}  ${describe(item.bytes, item.offset)}`
    }
    case 'damage':
      return `  DAMAGED  ${item.file}, at byte ${item.position}, offset ${item.offset}: ${item.reason}`
  }
}

function describe(bytes: Uint8Array, offset: bigint): string {
  try {
    return describeFrame(decodeFrame(bytes, crc32c, offset), bytes.byteLength)
  } catch (cause) {
    return `${bytes.byteLength} bytes, ${toEngineError(cause).message}`
  }
}

function describeFrame(frame: Frame, bytes: number): string {
  const sections = frame.sections.map(({ kind, slot, bytes: { byteLength } }) => {
    const slotText = slot === 0 ? '' : `[${slot}]`
    return `${sectionNames.get(kind) ?? kind}${slotText}:${byteLength}`
  })
  const meta = readMeta(frame)
  const metaText = meta === undefined ? '' : `  ${JSON.stringify(meta, plainNumbers).slice(0, 300)}`
  const source = readSource(frame)
  const sourceText =
    source === undefined
      ? ''
      : `  ingest ${source.ingest}: ${source.topic}/${source.partition} ${source.first} to ${source.next}`
  const writer = `producer ${frame.producerId.toString(16)}:${frame.sequence}`
  return `${kindNames.get(frame.kind) ?? frame.kind}  ${frame.count} rows  ${bytes} bytes  ${writer}  ${sections.join(' ')}${metaText}${sourceText}`
}

function plainNumbers(_key: string, value: unknown): unknown {
  return typeof value === 'bigint' ? value.toString() : value
}

function print(line: string): void {
  process.stdout.write(`${line}\n`)
}
