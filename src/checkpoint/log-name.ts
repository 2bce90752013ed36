/** Checkpoints are states of one log, and on another one they would be silently wrong: the data folder remembers which it was. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { EngineError } from '../errors/index.ts'

const fileName = 'log.json'

/** @returns the log that a data folder is of; undefined when that is the embedded one, which lies in the folder, or none yet */
export function readLogName(data: string): string | undefined {
  const file = join(data, fileName)
  if (!existsSync(file)) return undefined
  try {
    return String(JSON.parse(readFileSync(file, 'utf8')).log)
  } catch (cause) {
    const details = { folder: file, reason: 'it does not name a log' }
    throw new EngineError('MILLRACE_DATA_UNUSABLE', details, { cause })
  }
}

export function writeLogName(data: string, log: string): void {
  writeFileSync(join(data, fileName), `${JSON.stringify({ log })}\n`)
}
