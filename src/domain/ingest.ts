/** What an ingest is: topics of users, read into a collection. The names of its members are those of REST. */
export interface IngestSpec {
  readonly collection: string
  readonly topics: readonly string[]
  /** `host:port`; empty: those of `ingest.brokers`. */
  readonly brokers: readonly string[]
  readonly format: IngestFormat
  readonly encoding: IngestEncoding
  readonly mapping: IngestMapping
  readonly start: IngestStart
  readonly dead_letter_topic: string
  readonly flush: IngestFlush
}

/** `sink`: a point a message, as the qdrant-kafka connector reads it. `json`: by paths. `debezium`: by paths within a change event. */
export type IngestFormat = 'sink' | 'json' | 'debezium'
export type IngestEncoding = 'json' | 'msgpack'

/** Where the parts of a point are in a message; not for `sink`. */
export interface IngestMapping {
  /** Path of the id. */
  readonly id: string
  /** Path of the id in the key of a message without a value; undefined: as `id`, or the key itself. */
  readonly key_id?: string
  /** Path of the unnamed vector, or of each named one; undefined: points have none. */
  readonly vector?: string | Readonly<Record<string, string>>
  /** Path of an object, or of each field; undefined: every member that no other path begins with. */
  readonly payload?: string | Readonly<Record<string, string>>
}

export type IngestStart =
  | 'earliest'
  | 'latest'
  | { readonly time_ms: number }
  /** By topic and partition; a partition that is not named starts at its earliest message. */
  | { readonly offsets: Readonly<Record<string, Readonly<Record<string, number>>>> }

/** A flush takes what has come when one of these is reached. */
export interface IngestFlush {
  readonly messages: number
  readonly bytes: number
  readonly ms: number
}

/** An ingest as the metadata has it. */
export interface IngestEntry {
  readonly name: string
  /** The offset of the record that created it, or reset it last: shards keep its positions by this. */
  readonly id: bigint
  readonly collectionId: bigint
  readonly spec: IngestSpec
  readonly isPaused: boolean
  /** The node that runs it; 0: every node. */
  readonly node: number
}

/** What the node that runs an ingest knows of it. */
export interface IngestReport {
  readonly name: string
  readonly state: string
  /** Why it is not running, or not any more. */
  readonly reason: string | null
  readonly lastError: string | null
  readonly restarts: number
  readonly lagMessages: number | null
  readonly messagesPerSecond: number
  readonly messages: number
  readonly points: number
  readonly deletes: number
  readonly deadLetters: number
  readonly partitions: readonly IngestPartitionReport[]
}

export interface IngestPartitionReport {
  readonly topic: string
  readonly partition: number
  /** The position after the last message that every shard has applied. */
  readonly position: string
  /** The end of the topic's partition when it was last heard of. */
  readonly end: string
  readonly lagMessages: number
  readonly isPaused: boolean
}

/** An ingest as a node sees it: what the metadata says, and what it does when it runs here. */
export interface IngestDescription {
  readonly entry: IngestEntry
  readonly report: IngestReport | undefined
}
