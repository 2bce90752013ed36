/** The parameters of requests: of a query string on REST, of headers on NATS. */
import { lagHeader } from '../../domain/token.ts'
import { EngineError } from '../../errors/index.ts'
import type { ManagementOptions, ReadOptions, WriteOptions } from '../../service/index.ts'
import type { Call } from './operation.ts'

export type QueryParameters = Readonly<Record<string, string | string[] | undefined>>

export function writeOptions(call: Call): WriteOptions {
  const timeoutMs = timeoutOf(call)
  checkOrdering(call.query)
  return { wait: boolean(call.query, 'wait', false), timeoutMs }
}

export function readOptions(call: Call): ReadOptions {
  const timeoutMs = timeoutOf(call)
  const { query, startedAt } = call
  checkConsistency(query)
  return {
    after: text(query, 'after'),
    timeoutMs,
    startedAt,
    onLag: (lagRecords) => call.setHeader(lagHeader, String(lagRecords)),
    get signal() {
      return call.signal
    }
  }
}

/** Changes of collections and aliases, where 0 is another error than elsewhere. */
export function managementOptions(call: Call): ManagementOptions {
  const value = text(call.query, 'timeout')
  if (value === '0') {
    throw new EngineError('MILLRACE_QUERY_PARAMETER_INVALID', {
      reason: 'timeout: value 0 invalid, must be 1 or larger'
    })
  }
  return { timeoutMs: timeoutOf(call) }
}

const orderings = ['weak', 'medium', 'strong']

function checkOrdering(query: QueryParameters): void {
  const value = text(query, 'ordering')
  if (value === undefined || orderings.includes(value)) return
  throw malformed(
    `ordering: unknown variant \`${value}\`, expected one of \`weak\`, \`medium\`, \`strong\``
  )
}

/** Accepted as in the reference; on one node it has no effect. */
function checkConsistency(query: QueryParameters): void {
  const value = text(query, 'consistency')
  if (value === undefined || value === '' || ['majority', 'quorum', 'all'].includes(value)) return
  if (/^[1-9]\d*$/.test(value)) return
  throw malformed(
    `consistency: \`${value}\` is neither a number from 1 nor majority, quorum or all`
  )
}

export function boolean(query: QueryParameters, name: string, fallback: boolean): boolean {
  const value = text(query, name)
  if (value === undefined) return fallback
  if (value === 'true' || value === 'false') return value === 'true'
  throw malformed(`${name}: provided string was not \`true\` or \`false\``)
}

/** @returns a whole number from 0 */
export function integer(query: QueryParameters, name: string, fallback: number): number {
  const value = text(query, name)
  if (value === undefined) return fallback
  if (/^\d{1,9}$/.test(value)) return Number(value)
  throw malformed(`${name}: \`${value}\` is not a whole number from 0`)
}

/** Nothing waits longer, whatever it asks for; beyond 24 days a timer would end at once. */
const timeoutMsMax = 3_600_000

/** The sooner of the parameter and the caller's own budget. */
function timeoutOf({ query, budgetMs }: Call): number | undefined {
  const value = text(query, 'timeout')
  if (value === undefined) return budgetMs
  if (!/^[1-9]\d{0,18}$/.test(value)) {
    throw malformed(`timeout: \`${value}\` is not a whole number from 1`)
  }
  return Math.min(Number(value) * 1000, timeoutMsMax, budgetMs ?? timeoutMsMax)
}

export function text(query: QueryParameters, name: string): string | undefined {
  const value = query[name]
  if (Array.isArray(value)) throw malformed(`duplicate field \`${name}\``)
  return value
}

function malformed(reason: string): EngineError {
  return new EngineError('MILLRACE_QUERY_PARAMETER_MALFORMED', { reason })
}
