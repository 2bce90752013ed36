/** Writes arrays as .npy files (format 1.0, C order), which the load generator reads. */
import { writeFileSync } from 'node:fs'

export function writeNpy(
  file: string,
  data: Float32Array | BigInt64Array,
  shape: readonly [rows: number, columns: number]
): void {
  const descr = data instanceof Float32Array ? '<f4' : '<i8'
  const text = `{'descr': '${descr}', 'fortran_order': False, 'shape': (${shape[0]}, ${shape[1]}), }`
  // Magic, version, length and text fill a multiple of 64 bytes; the text ends with a newline.
  const header = `${text.padEnd(64 * Math.ceil((10 + text.length + 1) / 64) - 11)}\n`
  const head = Buffer.alloc(10)
  head.write('\x93NUMPY\x01\x00', 'latin1')
  head.writeUInt16LE(header.length, 8)
  const body = new Uint8Array(data.buffer, data.byteOffset, data.byteLength)
  writeFileSync(file, Buffer.concat([head, Buffer.from(header, 'latin1'), body]))
}
