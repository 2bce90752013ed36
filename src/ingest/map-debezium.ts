/** Change events of Debezium: `{before, after, op}`, alone or as the `payload` beside a `schema`. */
import type { IngestEncoding } from '../domain/ingest.ts'
import { jsonMembers } from '../engine/index.ts'
import { keyText } from './map-json.ts'
import { mapPaths, type PointPaths } from './map-paths.ts'
import type { MapMessage, MappedMessage } from './mapped-message.ts'
import { readIdText } from './point-id-text.ts'
import { poison } from './poison.ts'
import { isNull, textAt } from './text-at.ts'
import { mapTombstone } from './tombstone.ts'
import { valueText } from './value-text.ts'

/** Paths start from the row: `after`, or `before` of a delete. */
export function debeziumMapping(
  paths: PointPaths,
  encoding: IngestEncoding,
  depthMax: number
): MapMessage {
  const tombstones = { encoding, steps: paths.keyId, depthMax }

  function mapDelete(before: Buffer | undefined, key: Buffer | null): MappedMessage {
    const found = before && paths.id.root === 'value' && textAt(before, paths.id.steps, depthMax)
    const id = found ? readIdText(found.toString('utf8')) : undefined
    // Without its old row, as a table without a full replica identity has it, an event still has the key.
    return id === undefined ? mapTombstone(key, tombstones) : { kind: 'delete', id }
  }

  return (message) => {
    if (message.value === null) return mapTombstone(message.key, tombstones)
    const text = valueText(message.value, encoding, depthMax)
    if (!Buffer.isBuffer(text)) return text
    const envelope = envelopeOf(text, depthMax)
    if (envelope === undefined) return poison('BAD_ENVELOPE')
    const { op, before, after } = envelope
    switch (op) {
      case 'c':
      case 'r':
      case 'u':
        if (after === undefined)
          return poison('BAD_ENVELOPE', `op is \`${op}\`, and there is no row after it`)
        return mapPaths(after, keyText(message, encoding, depthMax), paths, depthMax)
      case 'd':
        return mapDelete(before, message.key)
      // A message that the application wrote into the database's log.
      case 'm':
        return { kind: 'nothing' }
      default:
        return poison('UNKNOWN_OP', `op is \`${op.slice(0, 40)}\``)
    }
  }
}

interface Envelope {
  readonly op: string
  readonly before: Buffer | undefined
  readonly after: Buffer | undefined
}

function envelopeOf(text: Buffer, depthMax: number): Envelope | undefined {
  const outer = jsonMembers(text, depthMax)
  const inner = outer?.get('payload')
  const isWrapped = inner !== undefined && outer?.has('op') === false
  const members = isWrapped ? jsonMembers(inner, depthMax) : outer
  const op = members?.get('op')?.toString('utf8')
  if (members === undefined || op === undefined || !/^\s*"/.test(op)) return undefined
  const row = (name: string) => {
    const found = members.get(name)
    return found === undefined || isNull(found) || jsonMembers(found, depthMax) === undefined
      ? undefined
      : found
  }
  return { op: String(JSON.parse(op)), before: row('before'), after: row('after') }
}
