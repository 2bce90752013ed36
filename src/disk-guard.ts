/** Ties the space left on the disk of the data folder to the writes, the log and the metrics. */
import { diskResource, type Resource } from '../actors/index.ts'
import { DiskSpace, nodeFiles } from '../streams/index.ts'
import type { Config } from './config/index.ts'
import type { Logger, Metrics } from './observability/index.ts'

export interface DiskGuard {
  readonly resource: Resource
  /** Looks at the disk at once, because a write has failed. */
  refresh(): void
  refreshMetrics(metrics: Metrics): void
  close(): void
}

export async function guardDisk(
  folder: string,
  config: Config,
  logger: Logger
): Promise<DiskGuard> {
  const space = await DiskSpace.watch({
    files: nodeFiles,
    folder,
    minFreeBytes: config['storage.minFreeBytes'],
    marginBytes: config['storage.freeMarginBytes'],
    onChange: ({ isLow, ...facts }) => {
      if (isLow) logger.error({ ...facts, folder }, 'disk is low: writes are refused')
      else logger.info({ ...facts, folder }, 'disk has space again: writes go on')
    },
    onFailure: (err) => logger.warn({ err, folder }, 'cannot tell how much of the disk is free')
  })
  return {
    resource: diskResource(folder, () => space.state),
    refresh: () => void space.refresh(),
    refreshMetrics({ diskFreeBytes, diskLow }) {
      const { freeBytes, isLow } = space.state
      diskFreeBytes.set(freeBytes)
      diskLow.set(isLow ? 1 : 0)
    },
    close: () => space.close()
  }
}
