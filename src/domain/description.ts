/** What the node's parts show of themselves: plain data, the same for telemetry, metrics and tests. */

export interface NodeDescription {
  readonly collections: readonly CollectionDescription[]
  readonly gateways: readonly GatewayDescription[]
}

export interface CollectionDescription {
  readonly collection: string
  readonly id: string
  readonly state: string
  readonly lastError: string | null
  readonly shards: readonly (ReplicaDescription & { readonly supervisor: string })[]
}

export interface ReplicaDescription {
  readonly shard: number
  readonly replica: string
  readonly shardState: string
  readonly nextOffset: string
  readonly endOffset: string
  readonly lagRecords: number
  readonly digest: string
  readonly points: string
  readonly recordsRejected: number
  readonly memoryBytes: number
  readonly lastError: string | null
}

/** One gateway: a worker thread, or the main thread when there are no workers. */
export interface GatewayDescription {
  readonly gateway: number
  readonly state: 'starting' | 'serving' | 'waitingToRestart' | 'draining' | 'stopped'
  readonly connections: number
  readonly requestsInFlight: number
  readonly restarts: number
  readonly lastError: string | null
}
