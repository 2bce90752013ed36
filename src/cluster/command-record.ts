/** How a control command travels in a record of the metadata log: META = { command, limits }. */
import type { ControlCommand } from '../domain/ports.ts'
import {
  type Crc32c,
  encodeFrame,
  type Frame,
  type MetaValue,
  metaSection,
  readMeta,
  recordKinds
} from '../domain/record/index.ts'
import { EngineError } from '../errors/index.ts'
import type { MetadataLimits } from './metadata-state.ts'

export interface CommandRecord {
  readonly command: ControlCommand
  readonly limits: MetadataLimits
}

export function encodeCommand(record: CommandRecord, crc32c: Crc32c): Uint8Array {
  return encodeFrame(
    {
      kind: recordKinds.metadata,
      collectionId: 0n,
      schemaVersion: 0,
      count: 1,
      // Commands are plain data: JSON-like values and nothing else.
      sections: [metaSection(record as unknown as MetaValue)]
    },
    crc32c
  )
}

/** @throws MILLRACE_RECORD_FORMAT_NEWER for a command that this build does not know: it must stop, not skip */
export function decodeCommand(frame: Frame, offset: bigint): CommandRecord {
  const meta = readMeta(frame)
  if (frame.kind !== recordKinds.metadata || !isCommandRecord(meta)) {
    throw new EngineError('MILLRACE_RECORD_FORMAT_NEWER', {
      offset,
      reason: 'unknown control command'
    })
  }
  return meta
}

const knownCommands: ReadonlySet<unknown> = new Set<ControlCommand['type']>([
  'createCollection',
  'updateCollection',
  'deleteCollection',
  'createVector',
  'deleteVector',
  'changeAliases',
  'putIngest',
  'deleteIngest',
  'pauseIngest',
  'resumeIngest',
  'resetIngest'
])

function isCommandRecord(meta: unknown): meta is CommandRecord {
  if (typeof meta !== 'object' || meta === null || !('command' in meta) || !('limits' in meta))
    return false
  const { command } = meta
  return (
    typeof command === 'object' &&
    command !== null &&
    'type' in command &&
    knownCommands.has(command.type)
  )
}
