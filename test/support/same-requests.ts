/** Requests for every operation there is, with what goes wrong with them, in an order in which they make sense. */

export interface SameRequest {
  readonly operation: string
  /** `collection` by default, for operations on one. */
  readonly collection?: string
  /** Of the route, beside the collection. */
  readonly path?: Readonly<Record<string, string>>
  readonly parameters?: Readonly<Record<string, string>>
  /** A text is sent as it is: only as JSON. */
  readonly body?: unknown
  /** Answers that hold times, sizes or names of one run: only their shape is compared. */
  readonly isVolatile?: boolean
}

export const collection = 'same words, ünlike others'
const wait = { wait: 'true' }
const vector = [0.5, -0.25, 0.125]
const points = [
  { id: 1, vector: [1, 0, 0], payload: { word: 'one', n: 1, deep: { list: [1, 'two', null] } } },
  { id: 2, vector: [0, 1, 0], payload: { word: 'two', n: 2 } },
  { id: '5c56c793-69f3-4fbf-87e6-c4bf54c28c26', vector: [0, 0.5, 0.5], payload: { n: 2.5 } },
  { id: 9007199254740991, vector: [0.1, 0.2, 0.3] }
]
const twos = { must: [{ key: 'n', range: { gte: 2 } }] }

// biome-ignore format: one request a line
export const sameRequests: readonly SameRequest[] = [
  { operation: 'version', isVolatile: true },
  { operation: 'healthz' },
  { operation: 'livez' },
  { operation: 'readyz' },
  { operation: 'list_collections' },
  { operation: 'collection_exists' },
  { operation: 'collection_info' },
  { operation: 'query', body: { query: vector } },

  { operation: 'create_collection', body: { vectors: { size: 3, distance: 'Taxicab' } } },
  { operation: 'create_collection', body: {}, parameters: { timeout: '0' } },
  { operation: 'create_collection', body: '{"vectors":' },
  { operation: 'create_collection', collection: 'a/b', body: { vectors: { size: 3, distance: 'Dot' } } },
  { operation: 'create_collection', collection: 'x'.repeat(256), body: { vectors: { size: 3, distance: 'Dot' } } },
  { operation: 'create_collection', body: { vectors: { size: 3, distance: 'Cosine' }, shard_number: 2, metadata: { of: 'tests' } } },

  { operation: 'list_ingests' },
  { operation: 'put_ingest', path: { ingest: 'i' }, body: { collection: 'nobody', topics: ['t'] } },
  { operation: 'put_ingest', path: { ingest: 'i' }, body: { collection, topics: ['t t'] } },
  { operation: 'put_ingest', path: { ingest: 'i' }, body: { collection, topics: ['t'] } },
  { operation: 'pause_ingest', path: { ingest: 'i' } },
  { operation: 'reset_ingest', path: { ingest: 'i' }, body: { start: 'latest' } },
  { operation: 'get_ingest', path: { ingest: 'i' }, isVolatile: true },
  { operation: 'resume_ingest', path: { ingest: 'none' } },
  { operation: 'delete_ingest', path: { ingest: 'i' } },
  { operation: 'get_ingest', path: { ingest: 'i' } },
  { operation: 'create_collection', body: { vectors: { size: 3, distance: 'Cosine' } } },
  { operation: 'collection_exists' },
  { operation: 'list_collections' },
  { operation: 'update_collection', body: { optimizers_config: { indexing_threshold: 7 } } },
  { operation: 'update_collection', body: { vectors: { none: {} } } },
  {
    operation: 'create_vector_name',
    path: { vector: 'more' },
    body: { dense: { size: 2, distance: 'Dot' } },
    parameters: wait
  },
  { operation: 'create_vector_name', path: { vector: 'more' }, body: { sparse: {} } },
  { operation: 'delete_vector_name', path: { vector: 'more' }, parameters: wait },

  { operation: 'upsert', body: { points }, parameters: wait },
  { operation: 'upsert', body: { points: [{ id: 3, vector: [1, 2] }] }, parameters: wait },
  { operation: 'upsert', body: { points: [{ id: -3, vector }] } },
  { operation: 'upsert', body: { points: [{ id: 3 }] } },
  { operation: 'upsert', body: {} },
  { operation: 'upsert', body: { points }, parameters: { wait: 'perhaps' } },
  { operation: 'upsert', body: { points }, parameters: { ordering: 'odd' } },
  { operation: 'upsert', collection: 'none', body: { points } },
  { operation: 'upsert', body: { batch: { ids: [10, 11], vectors: [vector, [3, 2, 1]], payloads: [{ n: 10 }, null] } }, parameters: wait },
  { operation: 'upsert' },

  { operation: 'collection_info', isVolatile: true },
  { operation: 'get_point', path: { id: '1' } },
  { operation: 'get_point', path: { id: '5c56c793-69f3-4fbf-87e6-c4bf54c28c26' } },
  { operation: 'get_point', path: { id: '77' } },
  { operation: 'get_point', path: { id: 'seven' } },
  { operation: 'retrieve', body: { ids: [2, 1, 77, 2], with_payload: ['word'], with_vector: true } },
  { operation: 'retrieve', body: { ids: 1 } },
  { operation: 'scroll', body: { limit: 3 } },
  { operation: 'scroll', body: { limit: 3, offset: 2, filter: twos, with_payload: false } },
  { operation: 'scroll', body: { limit: 0 } },
  { operation: 'count', body: { filter: twos } },
  { operation: 'count', body: { filter: { must: [{ key: 'n', rang: {} }] } } },
  { operation: 'count', body: {}, parameters: { consistency: 'none' } },
  { operation: 'count', body: {}, parameters: { timeout: '5', consistency: 'majority' } },

  { operation: 'query', body: { query: vector, limit: 3, with_payload: true } },
  { operation: 'query', body: { query: vector, limit: 3, filter: twos, with_vector: true } },
  { operation: 'query', body: { query: 1, limit: 2 } },
  { operation: 'query', body: { query: [1, 2] } },
  { operation: 'query', body: { limit: 2, with_payload: true } },
  { operation: 'query', body: { query: vector, limit: 200_000_000 } },
  { operation: 'query', body: { query: vector }, parameters: { after: 'no token' } },
  { operation: 'query', body: { query: { fusion: 'rrf' } } },
  { operation: 'query', body: '{' },
  { operation: 'query_batch', body: { searches: [{ query: vector, limit: 1 }, { query: 2, limit: 2 }] } },
  { operation: 'query_batch', body: { searches: [{ query: vector }, { query: [1] }] } },
  { operation: 'search', body: { vector, limit: 2, with_payload: true } },
  { operation: 'search', body: { vector, limit: 2, score_threshold: 0.2, filter: twos } },
  { operation: 'search', body: { vector } },
  { operation: 'search_batch', body: { searches: [{ vector, limit: 1 }] } },

  { operation: 'set_payload', body: { payload: { seen: true }, points: [1, 2] }, parameters: wait },
  { operation: 'set_payload', body: { payload: { seen: true }, points: [77] }, parameters: wait },
  { operation: 'set_payload', body: { payload: { seen: true } } },
  { operation: 'overwrite_payload', body: { payload: { n: 5 }, filter: twos }, parameters: wait },
  { operation: 'delete_payload', body: { keys: ['seen'], points: [1] }, parameters: wait },
  { operation: 'clear_payload', body: { points: [2] }, parameters: wait },
  { operation: 'update_vectors', body: { points: [{ id: 1, vector: [0, 0, 1] }] }, parameters: wait },
  { operation: 'delete_vectors', body: { points: [2], vector: [''] }, parameters: wait },
  { operation: 'batch', body: { operations: [{ set_payload: { payload: { b: 1 }, points: [1] } }, { delete: { points: [10] } }] }, parameters: wait },
  { operation: 'batch', body: { operations: [{ odd: {} }] } },
  { operation: 'delete', body: { points: [11] }, parameters: wait },
  { operation: 'delete', body: { filter: { must: [{ key: 'n', match: { value: 1 } }] } }, parameters: wait },
  { operation: 'scroll', body: { limit: 10, with_vector: true } },

  { operation: 'change_aliases', body: { actions: [{ create_alias: { alias_name: 'also', collection_name: collection } }] } },
  { operation: 'change_aliases', body: { actions: [{ delete_alias: { alias_name: 'never' } }] } },
  { operation: 'list_aliases' },
  { operation: 'collection_aliases' },
  { operation: 'collection_aliases', collection: 'none' },
  { operation: 'count', collection: 'also', body: {} },

  { operation: 'optimizations', parameters: { with: 'queued,completed' } },
  { operation: 'optimizations', parameters: { with: 'odd' } },
  { operation: 'cluster_status' },
  { operation: 'cluster_telemetry', isVolatile: true },
  { operation: 'collection_cluster', isVolatile: true },
  { operation: 'list_shard_keys' },
  { operation: 'recover_cluster' },
  { operation: 'remove_peer', path: { peer_id: '1' } },
  { operation: 'list_cluster_metadata' },
  { operation: 'get_cluster_metadata', path: { key: 'k' } },
  { operation: 'set_cluster_metadata', path: { key: 'k' }, body: 1 },
  { operation: 'delete_cluster_metadata', path: { key: 'k' } },
  { operation: 'update_collection_cluster', body: {} },
  { operation: 'create_shard_key', body: {} },
  { operation: 'delete_shard_key', body: {} },

  { operation: 'replicas', isVolatile: true },
  { operation: 'list_actors', isVolatile: true },
  { operation: 'memory', isVolatile: true },
  { operation: 'rebuild_shard', path: { shard: '0' }, isVolatile: true },
  { operation: 'rebuild_shard', path: { shard: '9' } },
  { operation: 'telemetry', parameters: { details_level: '1' }, isVolatile: true },
  { operation: 'telemetry', parameters: { details_level: 'all' } },
  { operation: 'metrics', isVolatile: true },
  { operation: 'issues' },
  { operation: 'clear_issues' },
  { operation: 'quotas', isVolatile: true },
  { operation: 'rejections' },
  { operation: 'delete_collection' },
  { operation: 'delete_collection' },
  { operation: 'list_aliases' }
]
