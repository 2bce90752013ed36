import { statfsSync } from 'node:fs'
import { totalmem } from 'node:os'
import type { ServiceContext } from './context.ts'

/** This version enforces no quotas that a client sets. */
export const quotaConfig = { enabled: false }

export function quotaStatus({ identity }: ServiceContext) {
  const { blocks, bavail } = statfsSync(identity.dataFolder)
  return {
    config: quotaConfig,
    usage: {
      resident_memory_percent: percent(process.memoryUsage().rss, totalmem()),
      disk_usage_percent: percent(blocks - bavail, blocks)
    }
  }
}

function percent(part: number, whole: number): number {
  return whole === 0 ? 0 : Math.min(100, Math.round((100 * part) / whole))
}
