/** `GET /telemetry`: which keys there are depends on the level of detail, as clients of this API expect. */
import { existsSync } from 'node:fs'
import { availableParallelism, endianness, totalmem } from 'node:os'
import { anonymousName } from '../domain/anonymous-name.ts'
import type { CollectionFacts, RequestReport, RouteReport } from '../domain/node-port.ts'
import { sumRoutes } from '../domain/request-reports.ts'
import { apiVersion } from '../domain/version.ts'
import { cpuInfo } from '../engine/index.ts'
import type { ServiceContext } from './context.ts'
import { quotaConfig } from './quotas.ts'
import { collectionTelemetry } from './telemetry-collection.ts'

export interface TelemetryOptions {
  /** 0 to 10 */
  readonly level: number
  /** Names of users are replaced by their hashes. */
  readonly isAnonymous: boolean
  readonly isPerCollection: boolean
}

export interface MemoryTelemetry {
  readonly activeBytes: number
  readonly allocatedBytes: number
  readonly metadataBytes: number
  readonly residentBytes: number
  readonly retainedBytes: number
}

/** @param memoryOf  what the process holds, given what the native shards hold of it */
export async function telemetry(
  context: ServiceContext,
  options: TelemetryOptions,
  memoryOf: (shardBytes: number) => MemoryTelemetry
) {
  const { level } = options
  const [facts, reports] = await Promise.all([
    context.node.describe(),
    context.node.requestReports()
  ])
  return {
    id: context.identity.instanceId,
    app: appTelemetry(context, level),
    collections: collectionsTelemetry(context, facts, options),
    cluster: { enabled: false },
    requests: {
      rest: restTelemetry(reports, options),
      grpc: { responses: {}, ...(options.isPerCollection && { per_collection_responses: {} }) }
    },
    ...(level >= 1 && {
      memory: memoryTelemetry(memoryOf(shardBytes(facts))),
      hardware: { collection_data: {} },
      search_pool: { mode: 'exact', high_cpu_threads: cpuInfo().engineThreads, high_io_threads: 0 }
    }),
    quota: { config: quotaConfig, exceeded: {} }
  }
}

function appTelemetry({ identity }: ServiceContext, level: number) {
  return {
    name: 'qdrant',
    version: apiVersion,
    ...(level >= 1 && {
      features: {
        debug: false,
        service_debug_feature: false,
        recovery_mode: false,
        gpu: false,
        rocksdb: false,
        staging: false
      },
      system: {
        is_docker: existsSync('/.dockerenv'),
        cores: availableParallelism(),
        ram_size: Math.floor(totalmem() / 1024),
        cpu_flags: cpuInfo().instructionSet,
        cpu_endian: endianness() === 'LE' ? 'little' : 'big'
      }
    }),
    startup: new Date(identity.startedMs).toISOString()
  }
}

function collectionsTelemetry(
  context: ServiceContext,
  facts: readonly CollectionFacts[],
  { level, isAnonymous }: TelemetryOptions
) {
  const views = [...context.directory().collections.values()]
  if (level < 1) return { number_of_collections: views.length }
  const factsById = new Map(facts.map((known) => [known.id, known]))
  return {
    number_of_collections: views.length,
    collections: views.map((view) => {
      const known = factsById.get(view.id.toString())
      return collectionTelemetry(view, known, context.identity.peerId, level, nameFor(isAnonymous))
    }),
    snapshots: views.map(({ name }) => ({
      id: nameFor(isAnonymous)(name),
      running_snapshots: 0,
      running_snapshot_recovery: 0,
      total_snapshot_creations: 0
    }))
  }
}

function restTelemetry(
  reports: readonly RequestReport[],
  { isPerCollection, isAnonymous }: TelemetryOptions
) {
  const perCollection: Record<string, Record<string, Record<string, object>>> = {}
  for (const route of isPerCollection ? sumRoutes(reports, true) : []) {
    if (route.collection === undefined) continue
    const name = nameFor(isAnonymous)(route.collection)
    perCollection[name] = addRoute(perCollection[name] ?? {}, route)
  }
  return {
    responses: sumRoutes(reports, false).reduce(addRoute, {}),
    ...(isPerCollection && { per_collection_responses: perCollection })
  }
}

type Responses = Record<string, Record<string, object>>

function addRoute(responses: Responses, route: RouteReport): Responses {
  const key = `${route.method} ${route.endpoint}`
  responses[key] = { ...responses[key], [route.status]: durations(route) }
  return responses
}

function durations({ count, microsTotal, microsMin, microsMax, lastMs }: RouteReport) {
  return {
    count,
    avg_duration_micros: microsTotal / count,
    min_duration_micros: microsMin,
    max_duration_micros: microsMax,
    total_duration_micros: microsTotal,
    last_responded: new Date(lastMs).toISOString()
  }
}

function memoryTelemetry(memory: MemoryTelemetry) {
  return {
    active_bytes: memory.activeBytes,
    allocated_bytes: memory.allocatedBytes,
    metadata_bytes: memory.metadataBytes,
    resident_bytes: memory.residentBytes,
    retained_bytes: memory.retainedBytes
  }
}

function shardBytes(facts: readonly CollectionFacts[]): number {
  return facts.reduce(
    (sum, { shards }) => sum + shards.reduce((bytes, shard) => bytes + shard.memoryBytes, 0),
    0
  )
}

function nameFor(isAnonymous: boolean): (name: string) => string {
  return isAnonymous ? anonymousName : (name) => name
}
