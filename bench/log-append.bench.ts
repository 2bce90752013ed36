import { mkdtemp, rm } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { type Crc32c, crc32c, openEmbeddedLog } from '../streams/index.ts'
import { measureAppends } from './append-load.ts'

/** How fast does the embedded log make records durable, with 64 appends in flight? */
export async function run(options: {
  readonly size: 'small' | 'real'
}): Promise<Record<string, number | string>> {
  const native = nativeCrc32c()
  const large = await measure(65536, options.size === 'small' ? 256 : 32768, native ?? crc32c)
  const small = await measure(600, options.size === 'small' ? 2000 : 400000, native ?? crc32c)
  return {
    size: options.size,
    crc32c: native ? 'native' : 'javascript',
    recordBytes65536_mbPerSecond: large.mbPerSecond,
    recordBytes65536_p50Ms: large.p50Ms,
    recordBytes65536_p99Ms: large.p99Ms,
    recordBytes600_mbPerSecond: small.mbPerSecond,
    recordBytes600_recordsPerSecond: small.recordsPerSecond,
    recordBytes600_p50Ms: small.p50Ms,
    recordBytes600_p99Ms: small.p99Ms
  }
}

async function measure(recordBytes: number, records: number, sum: Crc32c) {
  const folder = await mkdtemp(join(process.env['BENCH_FOLDER'] ?? tmpdir(), 'millrace-bench-'))
  try {
    const log = await openEmbeddedLog({ folder, crc32c: sum })
    const result = await measureAppends(log, recordBytes, records)
    await log.close()
    return result
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** The addon's sum when it has been built, as the server uses it. */
function nativeCrc32c(): Crc32c | undefined {
  try {
    const path = join(process.cwd(), 'build/native/release/millrace.node')
    // The addon is untyped; a missing or wrong function is found out below.
    const { crc32c: sum } = createRequire(import.meta.url)(path) as { crc32c?: Crc32c }
    return typeof sum === 'function' ? (bytes, seed = 0) => sum(bytes, seed) : undefined
  } catch {
    return undefined
  }
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const size = process.argv.includes('--real') ? 'real' : 'small'
  console.log(JSON.stringify(await run({ size })))
}
