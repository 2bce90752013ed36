import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openEmbeddedLog } from '../../streams/index.ts'
import { logConformance } from './log-conformance.ts'

for (const durability of ['fsync', 'os'] as const) {
  for (const tailCacheBytes of [0, 1 << 24]) {
    logConformance(`embedded (${durability}, tail cache of ${tailCacheBytes} bytes)`, async () => {
      const folder = await mkdtemp(join(tmpdir(), 'millrace-log-'))
      return {
        open: () =>
          openEmbeddedLog({ folder, durability, tailCacheBytes, segmentBytes: 512 * 1024 }),
        dispose: () => rm(folder, { recursive: true, force: true })
      }
    })
  }
}
