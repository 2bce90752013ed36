/** What every actor shows of itself, whatever it does. */
export interface ActorReport {
  readonly kind: ActorKind
  /** Unique among the actors of its kind on this node. */
  readonly name: string
  readonly collection?: string
  readonly state: string
  /** What it reads or builds next, when it follows a log. */
  readonly offset?: string
  readonly lagRecords?: number
  /** Changes while it moves on in another way than by its offset. */
  readonly progress?: string
  /** Times that it failed and was started again, since it was last healthy for long. */
  readonly restarts?: number
  readonly lastError: string | null
  /** It has work that must go on: when neither state nor offset changes for long, it is stuck. */
  readonly isBusy: boolean
  /** It gave up, or was told to by an error that does not go away. */
  readonly isHalted: boolean
}

export type ActorKind =
  | 'node'
  | 'metadata'
  | 'collection'
  | 'replica'
  | 'shard'
  | 'segment'
  | 'rebuild'
  | 'transfer'
  | 'optimizer'
  | 'ingest'
