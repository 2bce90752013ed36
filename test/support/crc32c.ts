/** A bit-by-bit CRC-32C: slow, and obviously right. */
export function plainCrc32c(bytes: Uint8Array, seed = 0): number {
  let crc = ~seed >>> 0
  for (const byte of bytes) {
    crc ^= byte
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0x82f6_3b78 : crc >>> 1
  }
  return ~crc >>> 0
}
