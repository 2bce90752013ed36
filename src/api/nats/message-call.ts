import type { Msg, MsgHdrs } from 'nats'
import { EngineError } from '../../errors/index.ts'
import {
  type Call,
  isOfCollection,
  type Operation,
  type QueryParameters
} from '../operations/index.ts'
import { jsonOfMessagePack } from './message-pack.ts'
import { collectionOfSubject } from './subjects.ts'

export type BodyFormat = 'json' | 'messagePack'

/**
 * Headers that carry what REST has in its path and query: `x-millrace-wait: true` is `?wait=true`, and `x-millrace-id: 5` the
 * `:id` of the route. Lower or upper case, `-` or `_`.
 */
const parameterPrefix = 'x-millrace-'
/** What is left of the caller's own time, in milliseconds. */
const deadlineHeader = 'deadline_ms'

export const messagePackTypes: ReadonlySet<string> = new Set([
  'application/msgpack',
  'application/x-msgpack',
  'application/vnd.msgpack'
])

/** A request that came in as a message. */
export class MessageCall implements Call {
  readonly query: QueryParameters
  readonly body: Buffer
  readonly startedAt: bigint
  readonly budgetMs: number | undefined
  /** A message cannot be taken back. */
  readonly signal = undefined
  /** Headers of the answer; most have none. */
  headers: Map<string, string> | undefined
  readonly #collection: string

  /** @throws MILLRACE_BODY_*, MILLRACE_CONTENT_TYPE_INVALID, MILLRACE_QUERY_PARAMETER_MALFORMED, MILLRACE_REQUEST_TIMEOUT */
  constructor(
    operation: Operation,
    message: Pick<Msg, 'subject' | 'headers' | 'data'>,
    startedAt: bigint,
    limits: { readonly bodyBytes: number; readonly jsonDepth: number }
  ) {
    const { subject, headers } = message
    this.startedAt = startedAt
    this.query = headers === undefined ? noParameters : parametersOf(headers)
    this.budgetMs = budgetOf(operation, this.query)
    this.#collection = isOfCollection(operation) ? collectionIn(subject) : ''
    const { data } = message
    if (data.length > limits.bodyBytes) {
      throw new EngineError('MILLRACE_BODY_TOO_LARGE', { limit: limits.bodyBytes })
    }
    this.body =
      data.length > 0 && formatOf(headers, 'content-type') === 'messagePack'
        ? jsonOfMessagePack(data, limits.jsonDepth)
        : Buffer.from(data.buffer, data.byteOffset, data.byteLength)
  }

  path(name: string): string {
    if (name === 'name') return this.#collection
    const value = this.query[name]
    if (typeof value === 'string') return value
    throw new EngineError('MILLRACE_QUERY_PARAMETER_MALFORMED', {
      reason: `the header ${parameterPrefix}${name} is missing or given twice`
    })
  }

  setHeader(name: string, value: string): void {
    this.headers ??= new Map()
    this.headers.set(name, value)
  }
}

const noParameters: QueryParameters = {}

function parametersOf(headers: MsgHdrs): QueryParameters {
  const parameters: Record<string, string | string[]> = {}
  for (const key of headers.keys()) {
    const lower = key.toLowerCase()
    if (!lower.startsWith(parameterPrefix)) continue
    const name = lower.slice(parameterPrefix.length).replaceAll('-', '_')
    const values = headers.values(key)
    const known = parameters[name]
    const all = known === undefined ? values : [known, values].flat()
    parameters[name] = all.length === 1 && all[0] !== undefined ? all[0] : all
  }
  return parameters
}

function budgetOf({ name }: Operation, query: QueryParameters): number | undefined {
  const value = query[deadlineHeader]
  if (value === undefined) return undefined
  if (typeof value !== 'string' || !/^-?\d{1,9}$/.test(value)) {
    throw new EngineError('MILLRACE_QUERY_PARAMETER_MALFORMED', {
      reason: `deadline-ms: \`${String(value)}\` is not a whole number of milliseconds`
    })
  }
  // Nobody waits for this one any more.
  if (Number(value) < 1) {
    throw new EngineError('MILLRACE_REQUEST_TIMEOUT', { operation: name, seconds: 0 })
  }
  return Number(value)
}

function collectionIn(subject: string): string {
  const collection = collectionOfSubject(subject)
  if (collection !== undefined) return collection
  throw new EngineError('MILLRACE_PATH_PARAMETER_INVALID', {
    reason: 'name: the collection token of the subject is the token of no name'
  })
}

/** How the answer is to be written: as `accept` says, else as the request was. */
export function answerFormat(headers: MsgHdrs | undefined): BodyFormat {
  if (headers === undefined) return 'json'
  return formatOf(headers, headerOf(headers, 'accept') === undefined ? 'content-type' : 'accept')
}

/** @throws MILLRACE_CONTENT_TYPE_INVALID */
function formatOf(headers: MsgHdrs | undefined, name: string): BodyFormat {
  const value = headers && headerOf(headers, name)
  const type = value?.split(';')[0]?.trim().toLowerCase()
  if (type === undefined || type === '' || type === 'application/json' || type === '*/*') {
    return 'json'
  }
  if (messagePackTypes.has(type)) return 'messagePack'
  throw new EngineError('MILLRACE_CONTENT_TYPE_INVALID', {
    reason: `${name} must be application/json or application/msgpack, and is ${value}`
  })
}

/** The first of that name, in whatever case. */
export function headerOf(headers: MsgHdrs, name: string): string | undefined {
  const key = headers.keys().find((candidate) => candidate.toLowerCase() === name)
  return key === undefined ? undefined : headers.values(key)[0]
}
