import { setTimeout as sleep } from 'node:timers/promises'
import { EngineError } from '../errors/index.ts'
import type { ServiceContext, WriteOptions } from './context.ts'

const pauseMsFirst = 5
const pauseMsMax = 200

/**
 * Encodes and writes. A record that knows vectors of before is rejected by a shard whose schema has changed meanwhile: then
 * it is encoded anew, which may find that a vector is gone. What other shards have applied is applied once more, in the
 * order of the request, and so leaves what the request would have left just now.
 *
 * @param write  looks the collection up each time
 * @throws       what `write` throws; MILLRACE_SCHEMA_CHANGED when time is up
 */
export async function withNewestSchema<Result>(
  context: ServiceContext,
  { timeoutMs = context.limits.requestTimeoutMs }: WriteOptions,
  write: () => Promise<Result>
): Promise<Result> {
  const endsAt = performance.now() + timeoutMs
  for (let pauseMs = pauseMsFirst; ; pauseMs = Math.min(2 * pauseMs, pauseMsMax)) {
    try {
      return await write()
    } catch (cause) {
      const isChange = cause instanceof EngineError && cause.code === 'MILLRACE_SCHEMA_CHANGED'
      if (!isChange || performance.now() + pauseMs > endsAt) throw cause
    }
    // The shards may be ahead of this thread's directory, or behind it.
    await sleep(pauseMs)
  }
}
