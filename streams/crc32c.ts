/**
 * CRC-32C (Castagnoli). Chains like zlib's: the sum of a + b is `crc32c(b, crc32c(a))`.
 *
 * @returns u32
 */
export type Crc32c = (bytes: Uint8Array, seed?: number) => number

/** Slice-by-8, about 0.8 GB/s; the server injects the native one, which uses the CPU's instruction. */
export const crc32c: Crc32c = (bytes, seed = 0) => {
  let crc = ~seed
  let at = 0
  const end = bytes.length
  const sliced = end - ((end - at) & 7)
  while (at < sliced) {
    const low =
      crc ^
      ((bytes[at] as number) |
        ((bytes[at + 1] as number) << 8) |
        ((bytes[at + 2] as number) << 16) |
        ((bytes[at + 3] as number) << 24))
    // Indexes are masked or shifted to a byte, so that each lookup is inside its table.
    crc =
      (table7[low & 255] as number) ^
      (table6[(low >>> 8) & 255] as number) ^
      (table5[(low >>> 16) & 255] as number) ^
      (table4[low >>> 24] as number) ^
      (table3[bytes[at + 4] as number] as number) ^
      (table2[bytes[at + 5] as number] as number) ^
      (table1[bytes[at + 6] as number] as number) ^
      (table0[bytes[at + 7] as number] as number)
    at += 8
  }
  for (; at < end; at++) {
    crc = (table0[(crc ^ (bytes[at] as number)) & 255] as number) ^ (crc >>> 8)
  }
  return ~crc >>> 0
}

/** Throws unless a given sum is a chaining CRC-32C: a wrong one would make every stored batch unreadable. */
export function checkCrc32c(sum: Crc32c): void {
  const digits = new TextEncoder().encode('123456789')
  const whole = sum(digits) >>> 0
  const chained = sum(digits.subarray(4), sum(digits.subarray(0, 4))) >>> 0
  if (whole !== 0xe3069283 || chained !== whole) {
    throw new TypeError('the given crc32c is not a chaining CRC-32C')
  }
}

/** Table k gives the effect of a byte that k more bytes follow. */
function tables(): Int32Array[] {
  const polynomial = 0x82f63b78
  const first = new Int32Array(256)
  for (let byte = 0; byte < 256; byte++) {
    let crc = byte
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ polynomial : crc >>> 1
    first[byte] = crc
  }
  const all = [first]
  for (let k = 1; k < 8; k++) {
    const before = all[k - 1] as Int32Array
    all.push(before.map((crc) => (first[crc & 255] as number) ^ (crc >>> 8)))
  }
  return all
}

const [table0, table1, table2, table3, table4, table5, table6, table7] = tables() as [
  Int32Array,
  Int32Array,
  Int32Array,
  Int32Array,
  Int32Array,
  Int32Array,
  Int32Array,
  Int32Array
]
