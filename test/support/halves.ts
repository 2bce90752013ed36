/** @returns the nearest number that a float of 16 bits can hold, of two the even one; beyond the largest, the largest */
export function toHalf(value: number): number {
  const size = Math.abs(value)
  if (size >= 65_504) return Math.sign(value) * 65_504
  // The distance of two halves of this size.
  const step = 2 ** Math.max(Math.floor(Math.log2(size || 1)) - 10, -24)
  const steps = size / step
  const below = Math.floor(steps)
  const isUp = steps - below > 0.5 || (steps - below === 0.5 && below % 2 === 1)
  return Math.sign(value) * (below + (isUp ? 1 : 0)) * step
}

/** @returns the number that 16 bits stand for */
export function fromHalf(bits: number): number {
  const exponent = (bits >> 10) & 31
  const fraction = bits & 1023
  const size = exponent === 0 ? fraction * 2 ** -24 : (1024 + fraction) * 2 ** (exponent - 25)
  return (bits & 0x8000) === 0 ? size : -size
}

/** @returns the number of 8 bits that a component becomes */
export function toByte(value: number): number {
  return Math.trunc(Math.min(255, Math.max(0, value)))
}
