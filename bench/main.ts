/** `npm run bench -- [NAME…] [--size small|real] [--folder DATA]`: prints one JSON line for each measurement. */

import { run as runEngine } from './engine.bench.ts'
import { run as runIngest } from './ingest.bench.ts'
import { run as runKafkaLog } from './kafka-log.bench.ts'
import { run as runLogAppend } from './log-append.bench.ts'
import { run as runNats } from './nats-request-reply.bench.ts'
import { run as runReplay } from './replay.bench.ts'
import { run as runRest } from './rest-upload-search.bench.ts'

export type Size = 'small' | 'real'

export interface BenchOptions {
  readonly size: Size
  readonly folder?: string
}

export const benches: Readonly<Record<string, (options: BenchOptions) => Promise<unknown>>> = {
  engine: runEngine,
  'kafka-log': runKafkaLog,
  ingest: runIngest,
  'log-append': runLogAppend,
  nats: runNats,
  replay: runReplay,
  rest: runRest
}

export async function main(args: readonly string[]): Promise<number> {
  const options: { size: Size; folder?: string } = { size: 'small' }
  const names: string[] = []
  for (let index = 0; index < args.length; index++) {
    const argument = args[index] ?? ''
    if (argument === '--size') options.size = args[++index] === 'real' ? 'real' : 'small'
    else if (argument === '--folder') options.folder = args[++index] ?? '.'
    else names.push(argument)
  }
  const unknown = names.filter((name) => !(name in benches))
  if (unknown.length > 0 || args.includes('--help')) {
    process.stderr.write(
      `usage: npm run bench -- [${Object.keys(benches).join('|')}]… [--size small|real] [--folder DATA]\n`
    )
    return unknown.length > 0 ? 2 : 0
  }
  for (const name of names.length > 0 ? names : Object.keys(benches)) {
    process.stderr.write(`${name} (${options.size}) …\n`)
    const result = await benches[name]?.(options)
    for (const line of Array.isArray(result) ? result : [result])
      process.stdout.write(`${JSON.stringify(line)}\n`)
  }
  return 0
}
