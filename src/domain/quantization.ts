/** The codes that a user asks for beside the vectors of a collection, as the engine takes them. */
import type { QuantizationConfig } from './schemas/index.ts'

/** What does not belong to the kind keeps its default. */
export interface Quantization {
  readonly kind: 'scalar' | 'binary' | 'turbo' | 'product'
  readonly quantile: number
  /** Twice the bits of a component. */
  readonly halfBits: number
  readonly queryBits: number
  /** Components that share a byte. */
  readonly chunk: number
}

const defaults = { quantile: 1, halfBits: 8, queryBits: 8, chunk: 4 }
const halfBitsOfEncoding = { one_bit: 2, one_and_half_bits: 3, two_bits: 4 }
/** Eight bits cost the engine no more than one, so they are what it chooses. */
const bitsOfQueryEncoding = { default: 8, binary: 1, scalar4bits: 4, scalar8bits: 8 }
const halfBitsOfTurbo = { bits1: 2, bits1_5: 3, bits2: 4, bits4: 8 }
/** Of floats: a byte for one component is a quarter of it. */
const chunkOfCompression = { x4: 1, x8: 2, x16: 4, x32: 8, x64: 16 }

export function quantizationOf(config: QuantizationConfig): Quantization {
  if ('scalar' in config) {
    return { ...defaults, kind: 'scalar', quantile: config.scalar.quantile ?? 1 }
  }
  if ('product' in config) {
    return { ...defaults, kind: 'product', chunk: chunkOfCompression[config.product.compression] }
  }
  if ('binary' in config) {
    const { encoding, query_encoding: queryEncoding } = config.binary
    return {
      ...defaults,
      kind: 'binary',
      halfBits: halfBitsOfEncoding[encoding ?? 'one_bit'],
      queryBits: bitsOfQueryEncoding[queryEncoding ?? 'default']
    }
  }
  return { ...defaults, kind: 'turbo', halfBits: halfBitsOfTurbo[config.turbo.bits ?? 'bits4'] }
}

/** Tells a quantization from every other one; where one is kept does not count. */
export function quantizationText(quantization: Quantization | undefined): string {
  if (quantization === undefined) return 'none'
  const { kind, quantile, halfBits, queryBits, chunk } = quantization
  if (kind === 'scalar')
    return quantile === 1 ? 'scalar int8' : `scalar int8 to quantile ${quantile}`
  if (kind === 'product') return `product x${4 * chunk}`
  const bits = `${kind} of ${halfBits / 2} bits`
  return kind === 'binary' ? `${bits}, queries of ${queryBits}` : bits
}
