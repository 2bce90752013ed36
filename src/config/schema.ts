/**
 * The one config schema: flags, environment names, defaults, `--help` and `docs/reference/config.md`
 * all come from it. The flag of a field is its path (`--log.level`); some have a short one as well.
 */
import { availableParallelism } from 'node:os'
import type { ConfigField } from './field.ts'
import { ingestFields } from './ingest-fields.ts'
import { kafkaFields } from './kafka-fields.ts'
import { natsFields } from './nats-fields.ts'

const MiB = 1 << 20

export const configFields = {
  'server.host': {
    kind: 'string',
    default: '127.0.0.1',
    env: 'MILLRACE_HOST',
    flag: 'host',
    description: 'Address that REST listens on. Use 0.0.0.0 to accept other machines.'
  },
  'server.port': {
    kind: 'integer',
    default: 6333,
    env: 'MILLRACE_PORT',
    flag: 'port',
    minimum: 0,
    maximum: 65_535,
    description: 'Port that REST listens on; 0 takes any free one and logs it.'
  },
  'server.workers': {
    kind: 'integer',
    default: availableParallelism(),
    defaultText: 'number of cores',
    env: 'MILLRACE_WORKERS',
    flag: 'workers',
    minimum: 0,
    maximum: 256,
    description:
      'Threads that serve REST, each on its own socket of the port; 0 serves from the main thread.'
  },
  'server.drainMs': {
    kind: 'integer',
    default: 10_000,
    env: 'MILLRACE_DRAIN_MS',
    unit: 'ms',
    minimum: 0,
    maximum: 600_000,
    description: 'Longest time that a stop waits for requests under way.'
  },
  'server.requestTimeoutMs': {
    kind: 'integer',
    default: 60_000,
    env: 'MILLRACE_REQUEST_TIMEOUT_MS',
    unit: 'ms',
    minimum: 1,
    maximum: 3_600_000,
    description:
      'Deadline of a read, or of a change of collections or aliases, that names no `timeout`.'
  },
  'server.cors': {
    kind: 'boolean',
    default: true,
    env: 'MILLRACE_CORS',
    description: 'Whether web pages of any origin may send requests.'
  },
  'server.compressBytes': {
    kind: 'bytes',
    default: 8 * 1024,
    env: 'MILLRACE_COMPRESS_BYTES',
    unit: 'bytes',
    minimum: 0,
    maximum: 1024 * MiB,
    description:
      'Answers from this size on are compressed for clients that accept it; 0 compresses none.'
  },
  'server.metricsPrefix': {
    kind: 'string',
    default: '',
    env: 'MILLRACE_METRICS_PREFIX',
    pattern: /^[a-zA-Z_][a-zA-Z0-9_]*$/,
    description: 'Put in front of every name on the metrics page; letters, digits and `_`.'
  },
  data: {
    kind: 'string',
    default: './data',
    env: 'MILLRACE_DATA',
    flag: 'data',
    description: 'Folder that holds the log. One process at a time may use it.'
  },
  'log.driver': {
    kind: 'choice',
    default: 'embedded',
    choices: ['embedded', 'kafka'],
    env: 'MILLRACE_LOG_DRIVER',
    description:
      '`embedded`: the log is in the data folder. `kafka`: it is in Kafka, and nodes with one `log.kafka.prefix` hold the same data.'
  },
  ...kafkaFields,
  'log.durability': {
    kind: 'choice',
    default: 'fsync',
    choices: ['fsync', 'os'],
    env: 'MILLRACE_LOG_DURABILITY',
    description:
      '`fsync`: an acknowledged write survives power loss. `os`: it survives the process, not power loss.'
  },
  'log.segmentBytes': {
    kind: 'bytes',
    default: 64 * MiB,
    env: 'MILLRACE_LOG_SEGMENT_BYTES',
    unit: 'bytes',
    minimum: 256 << 10,
    maximum: 1 << 30,
    description: 'Size at which a log segment is sealed and the next one begins.'
  },
  'log.queueBytes': {
    kind: 'bytes',
    default: 256 * MiB,
    env: 'MILLRACE_LOG_QUEUE_BYTES',
    unit: 'bytes',
    minimum: MiB,
    maximum: 16 * 1024 * MiB,
    description: 'Most bytes that may wait to be written, per partition; past it writes get 429.'
  },
  'log.tailCacheBytes': {
    kind: 'bytes',
    default: 32 * MiB,
    env: 'MILLRACE_LOG_TAIL_CACHE_BYTES',
    unit: 'bytes',
    minimum: 0,
    maximum: 4 * 1024 * MiB,
    description: 'Newest part of each partition kept in memory for its readers.'
  },
  'log.retentionBytes': {
    kind: 'bytes',
    default: 0,
    env: 'MILLRACE_LOG_RETENTION_BYTES',
    unit: 'bytes',
    minimum: 0,
    maximum: 1024 * 1024 * MiB,
    description:
      'Past this size a partition forgets what lies before its oldest kept checkpoint; 0 keeps everything.'
  },
  'checkpoints.keep': {
    kind: 'integer',
    default: 2,
    env: 'MILLRACE_CHECKPOINTS_KEEP',
    minimum: 1,
    maximum: 100,
    description:
      'Checkpoints kept of each shard. When the newest is damaged, the next older one is used.'
  },
  'checkpoints.everyBytes': {
    kind: 'bytes',
    default: 64 * MiB,
    env: 'MILLRACE_CHECKPOINTS_EVERY_BYTES',
    unit: 'bytes',
    minimum: 4096,
    maximum: 1024 * 1024 * MiB,
    description: 'A shard writes a checkpoint after so many bytes of applied records.'
  },
  'checkpoints.everyMs': {
    kind: 'integer',
    default: 60_000,
    env: 'MILLRACE_CHECKPOINTS_EVERY_MS',
    unit: 'ms',
    minimum: 100,
    maximum: 86_400_000,
    description:
      'A shard writes a checkpoint so long after the first record that it does not hold yet.'
  },
  'recovery.readWaitMs': {
    kind: 'integer',
    default: 250,
    env: 'MILLRACE_RECOVERY_READ_WAIT_MS',
    unit: 'ms',
    minimum: 0,
    maximum: 600_000,
    description:
      'Longest time that a read waits for a shard that replays the end of the log; then it is answered from what is there, with the header `x-millrace-lag-records`. So long, too, a request waits for shards of a collection that the node has just learned of.'
  },
  'actors.stuckAfterMs': {
    kind: 'integer',
    default: 60_000,
    env: 'MILLRACE_ACTORS_STUCK_AFTER_MS',
    unit: 'ms',
    minimum: 100,
    maximum: 86_400_000,
    description:
      'An actor that has work and has not moved on for so long is stuck: /readyz, /millrace/actors and metrics say so.'
  },
  'storage.minFreeBytes': {
    kind: 'bytes',
    default: 1024 * MiB,
    env: 'MILLRACE_STORAGE_MIN_FREE_BYTES',
    unit: 'bytes',
    minimum: 0,
    maximum: Number.MAX_SAFE_INTEGER,
    description:
      'With less free on the disk of the data folder, writes that need space get 507; reads and deletes go on. 0 turns it off.'
  },
  'storage.freeMarginBytes': {
    kind: 'bytes',
    default: 64 * MiB,
    env: 'MILLRACE_STORAGE_FREE_MARGIN_BYTES',
    unit: 'bytes',
    minimum: 0,
    maximum: 1024 * 1024 * MiB,
    description:
      'Refused writes go on once this much more than `storage.minFreeBytes` is free again.'
  },
  'memory.budgetBytes': {
    kind: 'bytes',
    default: 0,
    env: 'MILLRACE_MEMORY_BUDGET_BYTES',
    unit: 'bytes',
    minimum: 0,
    maximum: Number.MAX_SAFE_INTEGER,
    description:
      'Most memory that the process may use, the graphs of vectors that wait to be indexed included. Past it writes that need space get 507 and no segment is built; reads and deletes go on. 0: nine tenths of what the machine or its container has.'
  },
  'limits.bodyBytes': {
    kind: 'bytes',
    default: 32 * MiB,
    env: 'MILLRACE_LIMITS_BODY_BYTES',
    unit: 'bytes',
    minimum: 1024,
    maximum: 100 * MiB,
    description: 'Largest request body.'
  },
  'limits.recordBytes': {
    kind: 'bytes',
    default: 8 * MiB,
    env: 'MILLRACE_LIMITS_RECORD_BYTES',
    unit: 'bytes',
    minimum: 64 << 10,
    maximum: 64 * MiB,
    description: 'Largest record of the log; one point must fit into it.'
  },
  'limits.jsonDepth': {
    kind: 'integer',
    default: 128,
    env: 'MILLRACE_LIMITS_JSON_DEPTH',
    minimum: 8,
    maximum: 512,
    description: 'Deepest nesting of a JSON body.'
  },
  'limits.collections': {
    kind: 'integer',
    default: 1000,
    env: 'MILLRACE_LIMITS_COLLECTIONS',
    minimum: 1,
    maximum: 100_000,
    description: 'Most collections of a node.'
  },
  'limits.aliases': {
    kind: 'integer',
    default: 10_000,
    env: 'MILLRACE_LIMITS_ALIASES',
    minimum: 0,
    maximum: 1_000_000,
    description: 'Most aliases of a node.'
  },
  'limits.metadataBytes': {
    kind: 'bytes',
    default: MiB,
    env: 'MILLRACE_LIMITS_METADATA_BYTES',
    unit: 'bytes',
    minimum: 1024,
    maximum: 4 * MiB,
    description: 'Largest `metadata` of a collection, as JSON.'
  },
  'limits.shards': {
    kind: 'integer',
    default: 64,
    env: 'MILLRACE_LIMITS_SHARDS',
    minimum: 1,
    maximum: 4096,
    description: 'Most shards of one collection.'
  },
  'limits.resultPoints': {
    kind: 'integer',
    default: 100_000,
    env: 'MILLRACE_LIMITS_RESULT_POINTS',
    minimum: 1,
    maximum: 10_000_000,
    description: 'Most points that one read may ask for (`limit` + `offset`, or ids).'
  },
  'limits.filterConditions': {
    kind: 'integer',
    default: 65_536,
    env: 'MILLRACE_LIMITS_FILTER_CONDITIONS',
    minimum: 1,
    maximum: 65_536,
    description: 'Most conditions of one filter, those of nested filters included.'
  },
  'limits.filterDepth': {
    kind: 'integer',
    default: 32,
    env: 'MILLRACE_LIMITS_FILTER_DEPTH',
    minimum: 1,
    maximum: 64,
    description: 'Deepest nesting of filters in one filter.'
  },
  'limits.requestsInFlight': {
    kind: 'integer',
    default: 4096,
    env: 'MILLRACE_LIMITS_REQUESTS_IN_FLIGHT',
    minimum: 1,
    maximum: 1_000_000,
    description: 'Most requests worked on at once, over all workers; past it requests get 429.'
  },
  'limits.workerRequests': {
    kind: 'integer',
    default: 8192,
    env: 'MILLRACE_LIMITS_WORKER_REQUESTS',
    minimum: 1,
    maximum: 1_000_000,
    description:
      'Most messages of one worker that may wait for the main thread; past it requests get 429.'
  },
  ...natsFields,
  'query.transport': {
    kind: 'choice',
    default: 'local',
    choices: ['local', 'nats'],
    env: 'MILLRACE_QUERY_TRANSPORT',
    description:
      '`local`: reads call the shards in this process. `nats`: they ask for each by a message, as nodes ask each other.'
  },
  ...ingestFields,
  'logging.level': {
    kind: 'choice',
    default: 'info',
    choices: ['debug', 'info', 'warn', 'error', 'silent'],
    env: 'MILLRACE_LOGGING_LEVEL',
    flag: 'log-level',
    description: 'Least important messages that are logged.'
  }
} as const satisfies Record<string, ConfigField>

export type ConfigPath = keyof typeof configFields

type ValueOf<Field extends ConfigField> = Field extends {
  readonly choices: readonly (infer Choice)[]
}
  ? Choice
  : Field['kind'] extends 'integer' | 'bytes'
    ? number
    : Field['kind'] extends 'boolean'
      ? boolean
      : string

/** The whole configuration, by path. Frozen; a part gets the values it needs. */
export type Config = { readonly [Path in ConfigPath]: ValueOf<(typeof configFields)[Path]> }

/** The configuration as it may be shown. */
export function withoutSecrets(config: Config): Record<string, unknown> {
  const fields: Readonly<Record<string, ConfigField>> = configFields
  return Object.fromEntries(
    Object.entries(config).map(([path, value]) => [
      path,
      fields[path]?.isSecret && value !== '' ? '(secret)' : value
    ])
  )
}

/** Where each value came from: it is logged at start. */
export type ConfigSources = {
  readonly [Path in ConfigPath]: 'flag' | 'environment' | 'file' | 'default'
}
