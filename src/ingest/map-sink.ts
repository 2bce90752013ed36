/** Messages of the qdrant-kafka connector: one point a value; a message without a value deletes. */
import type { IngestEncoding } from '../domain/ingest.ts'
import type { MapMessage } from './mapped-message.ts'
import { mapTombstone } from './tombstone.ts'
import { valueText } from './value-text.ts'

/**
 * The value is a point as REST knows it. `collection_name` is passed over, as the connector does when it is configured with a
 * collection, and so is any other member.
 */
export function sinkMapping(encoding: IngestEncoding, depthMax: number): MapMessage {
  const tombstones = { encoding, steps: ['id'], depthMax }
  return ({ key, value }) => {
    if (value === null) return mapTombstone(key, tombstones)
    // The engine reads JSON as it is: what is no JSON it refuses, and only then somebody looks why.
    if (encoding === 'json') return { kind: 'point', text: value }
    const text = valueText(value, encoding, depthMax)
    return Buffer.isBuffer(text) ? { kind: 'point', text } : text
  }
}
