/**
 * The three ways from a gateway to the actors. Each is a message of plain data and bytes, so that a
 * gateway may sit in the main thread, a worker or another process.
 */
import type { ErrorCode, ErrorDetails } from '../errors/index.ts'
import type { CollectionSpec } from './collection.ts'
import type { IngestSpec, IngestStart } from './ingest.ts'
import type { AliasAction, CreateVectorNameBody, UpdateCollectionBody } from './schemas/index.ts'

export interface WriteRequest {
  readonly collectionId: bigint
  readonly generation: number
  /** In request order within each shard; frames are complete but for their seal. */
  readonly records: readonly WriteRecord[]
  /**
   * What its caller waits for: `durable` only, `applied` only, or (the default) `each` as it comes. What nobody waits for
   * needs no message of its own between threads; rejections that nobody waits for are listed by the node.
   */
  readonly answers?: 'durable' | 'applied' | 'each'
}

export interface WriteRecord {
  readonly shard: number
  readonly frame: Uint8Array
}

export interface ShardOffset {
  readonly shard: number
  readonly offset: bigint
}

/** What apply made of one record. */
export interface RecordOutcome extends ShardOffset {
  /** Undefined when it was applied. */
  readonly rejection: { readonly code: ErrorCode; readonly details: ErrorDetails } | undefined
  readonly affected: number
}

export interface WriteTicket {
  /** Resolves when every record is durable; with `answers: 'applied'` perhaps not before `applied`. */
  readonly durable: Promise<readonly ShardOffset[]>
  /** Resolves when every record was applied or rejected where this node reads; never, perhaps, with `answers: 'durable'`. */
  readonly applied: Promise<readonly RecordOutcome[]>
}

export interface WritePort {
  submit(request: WriteRequest): WriteTicket
}

export type ControlCommand =
  | { readonly type: 'createCollection'; readonly name: string; readonly spec: CollectionSpec }
  | { readonly type: 'deleteCollection'; readonly name: string }
  | {
      readonly type: 'updateCollection'
      readonly name: string
      readonly patch: UpdateCollectionBody
    }
  | {
      readonly type: 'createVector'
      /** Of the collection. */
      readonly name: string
      readonly vector: string
      readonly config: CreateVectorNameBody
    }
  | { readonly type: 'deleteVector'; readonly name: string; readonly vector: string }
  | { readonly type: 'changeAliases'; readonly actions: readonly AliasAction[] }
  | IngestCommand

/** `node`: the one that is to run it, by its peer id; 0: every node. */
export type IngestCommand =
  | {
      readonly type: 'putIngest'
      readonly name: string
      readonly spec: IngestSpec
      readonly node: number
    }
  | { readonly type: 'deleteIngest' | 'pauseIngest'; readonly name: string }
  | { readonly type: 'resumeIngest'; readonly name: string; readonly node: number }
  | { readonly type: 'resetIngest'; readonly name: string; readonly start: IngestStart }

export type ControlVerdict =
  | {
      readonly accepted: true
      readonly changed: boolean
      readonly collectionId: bigint | undefined
    }
  | { readonly accepted: false; readonly code: ErrorCode; readonly details: ErrorDetails }

export interface ControlPort {
  /** Appends the command, waits for its verdict, and for the local shards to follow it. */
  propose(command: ControlCommand): Promise<ControlVerdict>
}

export interface ReadBarrier {
  /**
   * Waits until the local replica of a shard has applied `offset` and shows it.
   *
   * @returns undefined when reached, else how many records it is behind when `timeoutMs` ended the wait
   */
  reach(request: {
    readonly collectionId: bigint
    readonly generation: number
    readonly shard: number
    readonly offset: bigint
    readonly timeoutMs: number
  }): Promise<number | undefined>
}

/** A question about one shard to a node that has a replica of it: bytes, so that it may be a message. */
export interface ShardRequest {
  readonly peerId: number
  readonly collectionId: bigint
  readonly generation: number
  readonly shard: number
  /** What is asked, by one of the verbs of `src/query/shard-answers.ts`. */
  readonly verb: string
  readonly body: Uint8Array
  /** On the clock of `process.hrtime.bigint()`. */
  readonly deadlineNs: bigint
  /** Ends the wait. */
  readonly signal?: AbortSignal | undefined
}

export interface ShardPort {
  /** @throws what the other node threw; MILLRACE_NATS_UNANSWERED, MILLRACE_MESSAGE_TOO_LARGE, MILLRACE_CANCELLED */
  ask(request: ShardRequest): Promise<Uint8Array>
}
