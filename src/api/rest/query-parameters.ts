import { EngineError } from '../../errors/index.ts'
import type { ReadOptions, WriteOptions } from '../../service/index.ts'

export type QueryParameters = Readonly<Record<string, string | string[] | undefined>>

export function writeOptions(query: QueryParameters): WriteOptions {
  const seconds = positiveInteger(query, 'timeout')
  checkOrdering(query)
  return {
    wait: boolean(query, 'wait', false),
    timeoutMs: seconds === undefined ? undefined : seconds * 1000
  }
}

export function readOptions(query: QueryParameters, startedAt: bigint): ReadOptions {
  const seconds = positiveInteger(query, 'timeout')
  checkConsistency(query)
  return {
    after: text(query, 'after'),
    timeoutMs: seconds === undefined ? undefined : seconds * 1000,
    startedAt
  }
}

/** Management operations take a `timeout` as well; a single node decides at once. */
export function checkManagementTimeout(query: QueryParameters): void {
  const value = text(query, 'timeout')
  if (value === '0') {
    throw new EngineError('MILLRACE_QUERY_PARAMETER_INVALID', {
      reason: 'timeout: value 0 invalid, must be 1 or larger'
    })
  }
  positiveInteger(query, 'timeout')
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

function boolean(query: QueryParameters, name: string, fallback: boolean): boolean {
  const value = text(query, name)
  if (value === undefined) return fallback
  if (value === 'true' || value === 'false') return value === 'true'
  throw malformed(`${name}: provided string was not \`true\` or \`false\``)
}

function positiveInteger(query: QueryParameters, name: string): number | undefined {
  const value = text(query, name)
  if (value === undefined) return undefined
  if (/^[1-9]\d{0,8}$/.test(value)) return Number(value)
  throw malformed(`${name}: \`${value}\` is not a whole number from 1`)
}

function text(query: QueryParameters, name: string): string | undefined {
  const value = query[name]
  if (Array.isArray(value)) throw malformed(`duplicate field \`${name}\``)
  return value
}

function malformed(reason: string): EngineError {
  return new EngineError('MILLRACE_QUERY_PARAMETER_MALFORMED', { reason })
}
