/** Operations that carry vectors: the engine reads their bodies, which may be large, straight into records. */
import type { WriteRecord } from '../domain/ports.ts'
import { type MetaValue, packMeta } from '../domain/record/index.ts'
import { jsonMembers, type NativeEncodeOperation, parseUpsert } from '../engine/index.ts'
import { EngineError } from '../errors/index.ts'
import { encodeTargetOf } from './encode-target.ts'
import { explainUpdateVectors } from './explain-update-vectors.ts'
import { explainUpsert } from './explain-upsert.ts'
import { readFilter } from './filters.ts'
import { parseJson } from './json.ts'
import type { EncodeOperation, OperationScope } from './operation-scope.ts'

/**
 * Inserts or replaces whole points. Only a body that the engine refuses is read again: for its modes, and to say
 * what is wrong with it.
 */
export const encodeUpsert: EncodeOperation = (scope, body, path) => {
  const plain = parse(scope, body)
  if (plain !== undefined) return plain
  const meta = modesOf(scope, body, path)
  const conditional = meta && parse(scope, body, { kind: 'upsert', meta })
  if (conditional !== undefined) return conditional
  throw explainUpsert(body, scope.view, scope.limits, path)
}

/** Replaces the named vectors of points and leaves everything else of them. */
export const encodeUpdateVectors: EncodeOperation = (scope, body, path) => {
  const meta = modesOf(scope, body, path, 'updateVectors') ?? new Uint8Array()
  const records = parse(scope, body, { kind: 'updateVectors', meta })
  if (records !== undefined) return records
  throw explainUpdateVectors(body, scope.view, scope.limits, path)
}

/** @returns undefined when the engine does not accept the body */
function parse(
  { view, limits }: OperationScope,
  body: Buffer,
  operation?: NativeEncodeOperation
): WriteRecord[] | undefined {
  const parsed = parseUpsert(body, encodeTargetOf(view, limits), operation)
  if (parsed.verdict === 'tooLarge') {
    throw new EngineError('MILLRACE_RECORD_TOO_LARGE', {
      bytes: parsed.recordBytes,
      limit: limits.recordBytes
    })
  }
  return parsed.verdict === 'accepted' ? [...parsed.records] : undefined
}

const modes = ['upsert', 'insert_only', 'update_only']

/** @returns META with the conditions of the operation; undefined when it has none */
function modesOf(
  { view, limits }: OperationScope,
  body: Buffer,
  path: string,
  kind: NativeEncodeOperation['kind'] = 'upsert'
): Uint8Array | undefined {
  const members = jsonMembers(body, limits.jsonDepth)
  const memberOf = (name: string) => {
    const text = members?.get(name)
    return text && parseJson(text, limits.jsonDepth)
  }
  const mode = kind === 'upsert' ? (memberOf('update_mode') ?? 'upsert') : 'upsert'
  if (typeof mode !== 'string' || !modes.includes(mode)) {
    throw new EngineError('MILLRACE_BODY_MALFORMED', {
      reason: `${path}update_mode: unknown variant \`${String(mode)}\`, expected one of \`${modes.join('`, `')}\``
    })
  }
  const filter = readFilter(view, limits, memberOf('update_filter'), `${path}update_filter`)
  const meta: { [name: string]: MetaValue } = {
    ...(mode !== 'upsert' && { mode }),
    // Nothing that exists is touched by an insert: its filter is not looked at.
    ...(filter !== undefined && mode !== 'insert_only' && { filter })
  }
  return Object.keys(meta).length > 0 ? packMeta(meta) : undefined
}
