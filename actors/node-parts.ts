import type { WritePort } from '../src/domain/ports.ts'
import type { Crc32c } from '../src/domain/record/index.ts'
import type { Log } from '../streams/index.ts'
import type { Clock } from './clock.ts'
import type { ActorLogger } from './logger.ts'
import type { OutcomeBoard } from './outcome-board.ts'
import type { EngineShard } from './shard-engine.ts'

/** What every actor of a node shares. */
export interface NodeParts {
  readonly log: Log
  readonly clock: Clock
  readonly logger: ActorLogger
  readonly crc32c: Crc32c
  readonly producerId: bigint
  readonly board: OutcomeBoard
  readonly writePort: WritePort
  /** Opens the native shard under a key that any thread can find it by. */
  readonly openEngine: (key: string, collectionId: bigint, shard: number) => EngineShard
}
