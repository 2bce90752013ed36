import { expect, test } from 'vitest'
import { KeptRuns } from '../../../streams/embedded/kept-runs.ts'

test('runs are kept within the bound, the one used longest ago goes first', () => {
  const runs = new KeptRuns(100)
  const owners = [{}, {}, {}] as const
  const run = (length: number) => ({ bytes: new Uint8Array(length) })
  runs.set(owners[0], run(50))
  runs.set(owners[1], run(50))
  runs.set(owners[0], run(40))
  runs.set(owners[2], run(30))
  expect(owners.map((one) => runs.get(one)?.bytes.byteLength)).toEqual([40, undefined, 30])
  runs.set(owners[2], undefined)
  runs.set(owners[1], run(500))
  expect(owners.map((one) => runs.get(one)?.bytes.byteLength)).toEqual([undefined, 500, undefined])
})
