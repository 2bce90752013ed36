/** Operations on payloads. What is stored of one is its text as it was sent, so it is cut out of the body. */
import { recordKinds } from '../domain/record/index.ts'
import {
  deletePayloadSchema,
  overwritePayloadSchema,
  parseRequest,
  selectPointsSchema,
  setPayloadSchema
} from '../domain/schemas/index.ts'
import { isJsonPath, jsonMembers, payloadText } from '../engine/index.ts'
import { EngineError } from '../errors/index.ts'
import { parseJson } from './json.ts'
import type { EncodeOperation, OperationScope } from './operation-scope.ts'
import { type RecordMeta, recordsOf } from './point-records.ts'
import { readSelection } from './selection.ts'

/** Merges a payload into those of the points, or into the object at `key`. */
export const encodeSetPayload: EncodeOperation = (scope, body, path) => {
  const request = parseRequest(setPayloadSchema, parseJson(body, scope.limits.jsonDepth), path)
  const { key } = request
  const meta: RecordMeta = {
    payload: textOfPayload(scope, body),
    ...(typeof key === 'string' && { key: checkedPath(key, `${path}key`) })
  }
  return recordsOf(scope, recordKinds.setPayload, readSelection(scope, request, path), meta)
}

/** Puts a payload in place of those of the points; a `key` means nothing here. */
export const encodeOverwritePayload: EncodeOperation = (scope, body, path) => {
  const parsed = parseJson(body, scope.limits.jsonDepth)
  const request = parseRequest(overwritePayloadSchema, parsed, path)
  const selection = readSelection(scope, request, path)
  const meta = { payload: textOfPayload(scope, body) }
  return recordsOf(scope, recordKinds.overwritePayload, selection, meta)
}

export const encodeDeletePayload: EncodeOperation = (scope, body, path) => {
  const request = parseRequest(deletePayloadSchema, parseJson(body, scope.limits.jsonDepth), path)
  const keys = request.keys.map((key, index) => checkedPath(key, `${path}keys[${index}]`))
  const selection = readSelection(scope, request, path)
  return recordsOf(scope, recordKinds.deletePayload, selection, { keys })
}

export const encodeClearPayload: EncodeOperation = (scope, body, path) => {
  const request = parseRequest(selectPointsSchema, parseJson(body, scope.limits.jsonDepth), path)
  return recordsOf(scope, recordKinds.clearPayload, readSelection(scope, request, path))
}

function textOfPayload({ limits }: OperationScope, body: Buffer): string {
  const source = jsonMembers(body, limits.jsonDepth)?.get('payload')
  const text = source && payloadText(source, limits.jsonDepth)
  // The schema has seen an object there.
  if (!text) throw new EngineError('MILLRACE_BODY_MALFORMED', { reason: 'missing field `payload`' })
  return text
}

function checkedPath(text: string, path: string): string {
  if (isJsonPath(text)) return text
  throw new EngineError('MILLRACE_BODY_MALFORMED', {
    reason: `${path}: Invalid json path: \`${text}\``
  })
}
