/** A message without a value deletes the point that its key names. */

import type { IngestEncoding } from '../domain/ingest.ts'
import type { MessagePath } from '../domain/message-path.ts'
import { jsonMembers } from '../engine/index.ts'
import type { MappedMessage } from './mapped-message.ts'
import { readBareId, readIdText } from './point-id-text.ts'
import { poison } from './poison.ts'
import { textAt } from './text-at.ts'
import { valueText } from './value-text.ts'

export interface TombstoneReader {
  readonly encoding: IngestEncoding
  /** Where the id is in a key that is an object. */
  readonly steps: MessagePath['steps']
  readonly depthMax: number
}

/** The key is `{"id":…}` or what `steps` say, the same within the `payload` of a Debezium key, or the id itself. */
export function mapTombstone(
  key: Buffer | null,
  { encoding, steps, depthMax }: TombstoneReader
): MappedMessage {
  if (key === null || key.length === 0) return poison('BAD_KEY', 'there is neither value nor key')
  // Digits are numbers of one byte in MessagePack: there a bare text is none.
  const bare = encoding === 'json' ? readBareId(key.toString('utf8')) : undefined
  if (bare !== undefined) return { kind: 'delete', id: bare }
  const text = valueText(key, encoding, depthMax)
  if (!Buffer.isBuffer(text)) return poison('BAD_KEY', `the key cannot be read: ${text.detail}`)
  const members = jsonMembers(text, depthMax)
  const row = members?.has('schema') ? (members.get('payload') ?? text) : text
  const found = members === undefined ? text : textAt(row, steps, depthMax)
  const id = found && readIdText(found.toString('utf8'))
  return id === undefined ? poison('BAD_KEY') : { kind: 'delete', id }
}
