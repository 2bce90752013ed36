import { expect, test } from 'vitest'
import { Segments } from '../../../actors/segments.ts'
import type { EngineShard } from '../../../actors/shard-engine.ts'
import type { GrowthSettings } from '../../../src/domain/optimizer-settings.ts'

test('a limit of builders is of every segment, from its opening on and whenever it changes', () => {
  const limits: number[] = []
  let builders = 2
  const segments = new Segments({
    name: 'c1/0',
    open() {
      const index = limits.push(-1) - 1
      return {
        close: () => {},
        setGrowth({ builders }: GrowthSettings) {
          limits[index] = builders
        }
      } as unknown as EngineShard
    },
    indexes: () => [],
    growth: () => ({ builders, isPaused: false, defers: false })
  })
  segments.build('reindex')
  expect(limits).toEqual([2, 2])
  builders = 0
  segments.settingsChanged()
  expect(limits).toEqual([0, 0])
  segments.close()
})
