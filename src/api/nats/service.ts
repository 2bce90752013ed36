/** The service `millrace` on one connection: an endpoint for each operation, by the services protocol of NATS. */
import type { NatsConnection, Service } from 'nats'
import type { CollectionFacts } from '../../domain/node-port.ts'
import type { Logger } from '../../observability/index.ts'
import {
  type Operation,
  type OperationScope,
  operations,
  pathParameters,
  type RequestsInFlight
} from '../operations/index.ts'
import { Endpoint } from './endpoint.ts'
import { endpointSubject } from './subjects.ts'

export interface ServiceOptions {
  readonly prefix: string
  readonly queue: string
  readonly scope: OperationScope
  readonly inFlight: RequestsInFlight
  readonly limits: { readonly bodyBytes: number; readonly requestsInFlight: number }
  readonly logger: Logger
}

const name = 'millrace'

/** One life of the service: it ends with its connection, or when the server refuses a subscription. */
export class NatsService {
  readonly #service: Service
  readonly #endpoints: readonly Endpoint[]

  private constructor(service: Service, endpoints: readonly Endpoint[]) {
    this.#service = service
    this.#endpoints = endpoints
  }

  static async start(connection: NatsConnection, options: ServiceOptions): Promise<NatsService> {
    const { prefix, queue, scope, ...shared } = options
    const endpoints = new Map(
      operations.map((operation) => [
        endpointSubject(prefix, operation),
        new Endpoint({ operation, prefix, scope, publisher: connection, ...shared })
      ])
    )
    const dataOf = cachedData(scope)
    const service = await connection.services.add({
      name,
      version: scope.facts.version,
      description: 'a vector search engine on a durable log',
      queue,
      metadata: { prefix, peer: String(scope.context.identity.peerId) },
      async statsHandler(endpoint) {
        const own = endpoints.get(endpoint.subject)
        // The library counts the time until a handler returns, and not what became of its promise.
        if (own !== undefined && hasStats(endpoint)) Object.assign(endpoint.stats, statsOf(own))
        const data = await dataOf()
        return endpoint.subject.endsWith('.replicas') ? data : { lagRecords: data.lagRecords }
      }
    })
    for (const operation of operations) {
      const subject = endpointSubject(prefix, operation)
      const endpoint = endpoints.get(subject)
      service.addEndpoint(operation.name, {
        subject,
        metadata: metadataOf(operation),
        handler: (_error, message) => {
          endpoint?.handle(message)
        }
      })
    }
    return new NatsService(service, [...endpoints.values()])
  }

  /** Why it ended; null when it was stopped. */
  get stopped(): Promise<null | Error> {
    return this.#service.stopped
  }

  /** Takes no more requests; those that have arrived are answered. */
  async stop(): Promise<void> {
    await this.#service.stop()
  }

  /** Requests that are being worked on. */
  get underWay(): number {
    return this.#endpoints.reduce((sum, endpoint) => sum + endpoint.underWay, 0)
  }

  get requests(): number {
    return this.#endpoints.reduce((sum, { counts }) => sum + counts.requests, 0)
  }

  get errors(): number {
    return this.#endpoints.reduce((sum, { counts }) => sum + counts.errors, 0)
  }
}

function metadataOf(operation: Operation): Record<string, string> {
  const { method, url, summary } = operation
  const parameters = pathParameters(operation).filter((parameter) => parameter !== 'name')
  return {
    rest: `${method} ${url}`,
    summary,
    ...(parameters.length > 0 && {
      headers: parameters.map((parameter) => `x-millrace-${parameter}`).join(', ')
    })
  }
}

/** What the library keeps beside each endpoint, and its types do not name. */
function hasStats(endpoint: object): endpoint is { readonly stats: object } {
  return 'stats' in endpoint && typeof endpoint.stats === 'object' && endpoint.stats !== null
}

function statsOf({ counts }: Endpoint) {
  const { requests, errors, processingNs, lastError } = counts
  const nanoseconds = Number(processingNs)
  return {
    num_requests: requests,
    num_errors: errors,
    processing_time: nanoseconds,
    average_processing_time: requests === 0 ? 0 : Math.round(nanoseconds / requests),
    last_error: lastError
  }
}

/** All endpoints are asked at once: one look at the node serves them all. */
const dataMs = 200
/** A message has a limit: of more shards the lag alone is told. */
const shardsMax = 500

function cachedData({ context }: OperationScope) {
  let known: Promise<StatsData> | undefined
  let knownMs = 0
  return () => {
    if (known === undefined || Date.now() - knownMs > dataMs) {
      knownMs = Date.now()
      known = context.node.describe().then(statsData)
    }
    return known
  }
}

interface StatsData {
  readonly lagRecords: number
  readonly shards: readonly object[]
  /** Shards that are not listed. */
  readonly shardsOmitted: number
}

function statsData(collections: readonly CollectionFacts[]): StatsData {
  const all = collections.flatMap(({ collection, shards }) =>
    shards.map(({ shard, shardState, nextOffset, lagRecords, points }) => ({
      collection,
      shard,
      state: shardState,
      nextOffset,
      lagRecords,
      points
    }))
  )
  return {
    lagRecords: all.reduce((sum, { lagRecords }) => sum + lagRecords, 0),
    shards: all.slice(0, shardsMax),
    shardsOmitted: Math.max(0, all.length - shardsMax)
  }
}
