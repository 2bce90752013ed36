/** `millrace verify DATA`: recomputes everything that a data folder says, and names what differs. Nothing in it is changed. */
import { join } from 'node:path'
import { errnoOf, nodeFiles } from '../../streams/index.ts'
import { readLogName } from '../checkpoint/index.ts'
import { lockForReading } from './data-lock.ts'
import { type CheckedPartition, checkLog, count, logFolderOf } from './log-check.ts'
import { printPartition } from './log-verify.ts'
import { Progress } from './progress.ts'
import { type ShardVerdict, verifyShard } from './verify-shard.ts'

/**
 * @returns the exit code: 1 when something is damaged or differs
 * @throws MILLRACE_DATA_LOCKED while a server uses the folder
 */
export async function verifyData(data: string): Promise<number> {
  const elsewhere = readLogName(data)
  const folder = elsewhere === undefined ? logFolderOf(data) : undefined
  const unlock = lockForReading(data)
  try {
    const progress = new Progress()
    const partitions = new Map<string, CheckedPartition>()
    let faults = 0
    if (folder === undefined)
      print(`its log is elsewhere (${elsewhere}): the checkpoints are verified without it`)
    for await (const checked of folder === undefined ? [] : checkLog(folder, progress)) {
      partitions.set(`${checked.topic}/${checked.partition}`, checked)
      faults += checked.faults.length
      printPartition(checked)
    }
    const names = new Set([...partitions.keys(), ...(await shardNames(join(data, 'shards')))])
    for (const name of [...names].sort()) {
      const [, collectionId, topic, shard] = /^(?=c(\d+))(c\d+\.g\d+)\/(\d+)$/.exec(name) ?? []
      if (collectionId === undefined || topic === undefined || shard === undefined) continue
      const verdict = await verifyShard({
        name,
        folder: join(data, 'shards', topic, shard),
        collectionId: BigInt(collectionId),
        shard: Number(shard),
        log: partitions.get(name),
        progress
      })
      faults += verdict.faults.length
      printShard(verdict)
    }
    const verdict =
      faults === 0
        ? 'everything is whole and equal'
        : `${count(faults)} ${faults === 1 ? 'fault' : 'faults'}`
    print(`${data}: ${verdict}`)
    return faults === 0 ? 0 : 1
  } finally {
    unlock()
  }
}

function printShard({ lines, faults }: ShardVerdict): void {
  for (const line of lines) print(line)
  for (const fault of faults) print(`  ${fault}`)
}

/** @returns `<topic>/<shard>` of every folder of checkpoints */
async function shardNames(folder: string): Promise<string[]> {
  const names: string[] = []
  for (const topic of await list(folder)) {
    for (const shard of await list(join(folder, topic))) names.push(`${topic}/${shard}`)
  }
  return names
}

function list(folder: string): Promise<string[]> {
  return nodeFiles.list(folder).catch((cause: unknown) => {
    if (errnoOf(cause) === 'ENOENT' || errnoOf(cause) === 'ENOTDIR') return []
    throw cause
  })
}

function print(line: string): void {
  process.stdout.write(`${line}\n`)
}
