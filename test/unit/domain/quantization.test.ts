import { expect, test } from 'vitest'
import { quantizationOf, quantizationText } from '../../../src/domain/quantization.ts'
import type { QuantizationConfig } from '../../../src/domain/schemas/index.ts'

test.each<[QuantizationConfig, string]>([
  [{ scalar: { type: 'int8' } }, 'scalar int8'],
  [{ scalar: { type: 'int8', quantile: 0.99, always_ram: true } }, 'scalar int8 to quantile 0.99'],
  [{ product: { compression: 'x4' } }, 'product x4'],
  [{ product: { compression: 'x64', memory: 'cold' } }, 'product x64'],
  [{ binary: {} }, 'binary of 1 bits, queries of 8'],
  [
    { binary: { encoding: 'two_bits', query_encoding: 'binary' } },
    'binary of 2 bits, queries of 1'
  ],
  [{ turbo: {} }, 'turbo of 4 bits'],
  [{ turbo: { bits: 'bits1_5' } }, 'turbo of 1.5 bits']
])('%j is %s, wherever it is kept', (config, text) => {
  expect(quantizationText(quantizationOf(config))).toBe(text)
})

test('no quantization has a text as well', () => {
  expect(quantizationText(undefined)).toBe('none')
})
