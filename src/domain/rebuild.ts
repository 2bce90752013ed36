/** What a rebuild of a shard came to. */
export interface RebuildReport {
  /** Offset of the checkpoint that it began with; 0 when it replayed the whole log. */
  readonly from: string
  /** Of the rebuilt shard, 32 hexadecimal digits. */
  readonly digest: string
  readonly recordsReplayed: number
  readonly seconds: number
  readonly swapped: boolean
  /** Whether the shard that served before had the same digest at the same offset. */
  readonly equal: boolean
}
