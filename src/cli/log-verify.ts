/** `millrace log verify DATA`: checks every byte of the log, without changing anything. */
import { type CheckedPartition, checkLog, count, logFolderOf } from './log-check.ts'
import { Progress } from './progress.ts'

/** @returns the exit code: 1 when anything is damaged */
export async function verifyLog(data: string): Promise<number> {
  let faults = 0
  let partitions = 0
  for await (const checked of checkLog(logFolderOf(data), new Progress())) {
    partitions += 1
    faults += checked.faults.length
    printPartition(checked)
  }
  const verdict =
    faults === 0
      ? 'the log is whole'
      : `${count(faults)} damaged ${faults === 1 ? 'place' : 'places'}`
  process.stdout.write(`${count(partitions)} partitions: ${verdict}\n`)
  return faults === 0 ? 0 : 1
}

export function printPartition(checked: CheckedPartition): void {
  const { topic, partition, start, end, records, bytes, inspected, faults, notes } = checked
  const segments = inspected?.segments.length ?? 0
  const lines = [
    `${topic}/${partition}  log  offsets ${start} to ${end}, ${count(records)} records, ${count(bytes)} bytes, ${segments} segments, ${faults.length === 0 ? 'whole' : 'DAMAGED'}`,
    ...faults.map((fault) => `  DAMAGED  ${fault}`),
    ...notes.map((note) => `  note     ${note}`)
  ]
  process.stdout.write(`${lines.join('\n')}\n`)
}
