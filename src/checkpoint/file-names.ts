/**
 * What lies in a shard's folder `<data>/shards/c<id>.g<generation>/<shard>/`:
 *
 *     0000000007.ckpt                              a file of frames; a number is used once
 *     checkpoint-00000000000000001234.manifest     one kept checkpoint, by its next offset
 *     *.tmp                                        what a crash left of a manifest
 *     0000000003.graph                             the newest graphs of the shard's vectors
 *     *.graph.part                                 what a crash left of such a file
 *     *.damaged                                    set aside: found damaged, kept for who wants to look
 */

export const damagedSuffix = '.damaged'

export function chainFileName(sequence: number): string {
  return `${String(sequence).padStart(10, '0')}.ckpt`
}

/** @returns the number of a chain file, also of one that was set aside, or undefined for any other name */
export function sequenceOf(name: string): number | undefined {
  const match = /^(\d{10,15})\.ckpt(\.damaged)?$/.exec(name)
  return match === null ? undefined : Number(match[1])
}

export function isChainFile(name: string): boolean {
  return /^\d{10,15}\.ckpt$/.test(name)
}

export function manifestName(nextOffset: bigint): string {
  return `checkpoint-${String(nextOffset).padStart(20, '0')}.manifest`
}

export function isManifest(name: string): boolean {
  return /^checkpoint-\d{20}\.manifest$/.test(name)
}

export function isTemporary(name: string): boolean {
  return name.endsWith('.tmp')
}

export const partSuffix = '.part'

export function graphFileName(sequence: number): string {
  return `${String(sequence).padStart(10, '0')}.graph`
}

/** @returns the number of a graph file, also of one that is half written or was set aside, or undefined for any other name */
export function graphSequenceOf(name: string): number | undefined {
  const match = /^(\d{10,15})\.graph(\.part|\.damaged)?$/.exec(name)
  return match === null ? undefined : Number(match[1])
}

export function isGraphFile(name: string): boolean {
  return /^\d{10,15}\.graph$/.test(name)
}

export function isGraphPart(name: string): boolean {
  return /^\d{10,15}\.graph\.part$/.test(name)
}
