import type { Config } from '../config/index.ts'
import type { ServiceLimits } from '../service/index.ts'

export function serviceLimits(config: Config): ServiceLimits {
  return {
    recordBytes: config['limits.recordBytes'],
    jsonDepth: config['limits.jsonDepth'],
    shards: config['limits.shards'],
    resultPoints: config['limits.resultPoints'],
    filterConditions: config['limits.filterConditions'],
    filterDepth: config['limits.filterDepth'],
    requestTimeoutMs: config['server.requestTimeoutMs'],
    replayWaitMs: config['recovery.readWaitMs']
  }
}
