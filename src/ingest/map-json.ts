import type { IngestEncoding } from '../domain/ingest.ts'
import { jsonMembers } from '../engine/index.ts'
import { mapPaths, type PointPaths } from './map-paths.ts'
import type { MapMessage, SourceMessage } from './mapped-message.ts'
import { poison } from './poison.ts'
import { mapTombstone } from './tombstone.ts'
import { valueText } from './value-text.ts'

/** Objects of any shape; a message without a value deletes. */
export function jsonMapping(
  paths: PointPaths,
  encoding: IngestEncoding,
  depthMax: number
): MapMessage {
  const tombstones = { encoding, steps: paths.keyId, depthMax }
  return (message) => {
    if (message.value === null) return mapTombstone(message.key, tombstones)
    const text = valueText(message.value, encoding, depthMax)
    if (!Buffer.isBuffer(text)) return text
    if (jsonMembers(text, depthMax) === undefined)
      return poison('BAD_JSON', 'the value is no object')
    return mapPaths(text, keyText(message, encoding, depthMax), paths, depthMax)
  }
}

/** A key that is not in the encoding counts as a text. */
export function keyText(
  { key }: SourceMessage,
  encoding: IngestEncoding,
  depthMax: number
): Buffer | undefined {
  if (key === null) return undefined
  const text = valueText(key, encoding, depthMax)
  return Buffer.isBuffer(text) ? text : Buffer.from(JSON.stringify(key.toString('utf8')))
}
