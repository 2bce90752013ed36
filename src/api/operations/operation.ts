import type { TSchema } from 'typebox'
import type { ServiceContext } from '../../service/index.ts'
import type { QueryParameters } from './parameters.ts'

/**
 * One operation of the service, without a transport. REST makes a route of each and NATS an endpoint, so that both
 * always have the same ones.
 */
export interface Operation {
  /** The NATS endpoint, and the last token of its subject. */
  readonly name: string
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  /** The route of REST; `:name` in it is the collection, other parameters are by their names in `Call.path`. */
  readonly url: string
  readonly tags: readonly string[]
  readonly summary: string
  /** Of the body, for documents only: each operation reads its own bytes. */
  readonly body?: TSchema
  readonly run: (scope: OperationScope, call: Call) => Promise<Answer>
}

/** What every operation may use. */
export interface OperationScope {
  readonly context: ServiceContext
  readonly facts: ServiceFacts
}

export interface ServiceFacts {
  readonly version: string
  /** 40 hexadecimal digits */
  readonly commit: string
  /** In front of every metric name. */
  readonly metricsPrefix: string
}

/** One request, however it came in. */
export interface Call {
  /** The value of `:name` or of another parameter of the route. */
  path(name: string): string
  readonly query: QueryParameters
  /** JSON text; empty when there is none. Read by nobody any more once the operation has answered. */
  readonly body: Buffer
  /** `process.hrtime.bigint()` at arrival. */
  readonly startedAt: bigint
  /** What is left of the caller's own budget, beside the `timeout` among the parameters. */
  readonly budgetMs: number | undefined
  /** Aborted when nobody waits for the answer any more; made when it is first asked for. */
  readonly signal: AbortSignal | undefined
  /** Adds a header to the answer. */
  setHeader(name: string, value: string): void
}

/** What an operation answers; a failure is thrown. */
export type Answer =
  /** A whole response body that was rendered natively. */
  | { readonly kind: 'rendered'; readonly body: Buffer }
  /** To be put into the envelope of every success. */
  | { readonly kind: 'result'; readonly result: unknown }
  /** JSON without an envelope. */
  | { readonly kind: 'document'; readonly document: object }
  /** A text of another type. */
  | { readonly kind: 'page'; readonly status: number; readonly type: string; readonly text: string }

export function rendered(body: Buffer): Answer {
  return { kind: 'rendered', body }
}

export function succeeded(result: unknown): Answer {
  return { kind: 'result', result }
}

/** The envelope of every success. */
export function envelope(result: unknown, startedAt: bigint) {
  return { result, status: 'ok', time: secondsSince(startedAt) }
}

export function secondsSince(startedAt: bigint): number {
  return startedAt === 0n ? 0 : Number(process.hrtime.bigint() - startedAt) / 1e9
}

/** The collection that a call is about. */
export function collectionOf(call: Call): string {
  return call.path('name')
}

/** Whether an operation is about one collection, or about the whole service. */
export function isOfCollection({ url }: Pick<Operation, 'url'>): boolean {
  return pathParameters({ url }).includes('name')
}

/** Names of the parameters in a route. */
export function pathParameters({ url }: Pick<Operation, 'url'>): string[] {
  return Array.from(url.matchAll(/:(\w+)/g), ([, name = '']) => name)
}
