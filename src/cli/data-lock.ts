import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { lockFile, unlockFile } from '../engine/index.ts'
import { EngineError } from '../errors/index.ts'

/**
 * Keeps servers out of a data folder while it is looked at, and leaves everything in it as it was. A folder that cannot be
 * written needs no lock: no server could use it.
 *
 * @throws MILLRACE_DATA_LOCKED naming the server that uses it
 */
export function lockForReading(data: string): () => void {
  const path = join(data, 'millrace.lock')
  if (!existsSync(path)) return () => {}
  const before = readFileSync(path)
  const attempt = tryLock(path)
  if (attempt === undefined) return () => {}
  if ('holder' in attempt) {
    throw new EngineError('MILLRACE_DATA_LOCKED', { folder: data, holder: attempt.holder })
  }
  return () => {
    writeFileSync(path, before)
    unlockFile(attempt.fd)
  }
}

function tryLock(path: string): ReturnType<typeof lockFile> | undefined {
  try {
    return lockFile(path, `millrace verify, process ${process.pid}`)
  } catch {
    return undefined
  }
}
