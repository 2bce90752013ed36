import type { FileLayer, LogFile, OpenMode } from '../../streams/index.ts'
import type { FaultyFiles } from '../support/faulty-files.ts'
import type { Random } from '../support/random.ts'
import type { Host, Scheduler } from './scheduler.ts'

/** A disk as one life of a process sees it: changes take time, and none is made after its end. */
export function hostFiles(
  disk: FaultyFiles,
  host: Host,
  scheduler: Scheduler,
  random: Random
): FileLayer {
  const slowly = async <Result>(label: string, work: () => Promise<Result>): Promise<Result> => {
    await scheduler.wait(0.05 + random.next() * 4, host, label)
    return work()
  }
  /** A process that has ended waits for ever. */
  const atOnce = <Result>(work: () => Promise<Result>): Promise<Result> =>
    host.isAlive ? work() : new Promise(() => {})

  return {
    open: (path, mode) => atOnce(async () => handle(await disk.open(path, mode), mode)),
    rename: (from, to) => slowly('rename', () => disk.rename(from, to)),
    unlink: (path) => atOnce(() => disk.unlink(path)),
    list: (path) => atOnce(() => disk.list(path)),
    makeFolder: (path) => atOnce(() => disk.makeFolder(path)),
    removeFolder: (path) => atOnce(() => disk.removeFolder(path)),
    syncFolder: (path) => slowly('sync folder', () => disk.syncFolder(path)),
    freeBytes: (path) => atOnce(() => disk.freeBytes(path))
  }

  function handle(file: LogFile, mode: OpenMode): LogFile {
    if (mode === 'read') return file
    return {
      path: file.path,
      read: (into, position) => atOnce(() => file.read(into, position)),
      write: (parts, position) => slowly('write', () => file.write(parts, position)),
      writeDurably: (parts, position) =>
        slowly('write and sync', () => file.writeDurably(parts, position)),
      syncData: () => slowly('sync', () => file.syncData()),
      sync: () => slowly('sync', () => file.sync()),
      truncate: (bytes) => atOnce(() => file.truncate(bytes)),
      size: () => atOnce(() => file.size()),
      close: () => atOnce(() => file.close())
    }
  }
}
