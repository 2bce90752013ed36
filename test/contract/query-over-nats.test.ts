/** Everything that reads, asked shard by shard through NATS as nodes ask each other: the same tests, the same answers. */
import { describe } from 'vitest'

const suites = {
  'rest-query': () => import('./rest-query.test.ts'),
  'rest-query-forms': () => import('./rest-query-forms.test.ts'),
  'rest-filters': () => import('./rest-filters.test.ts'),
  'rest-points': () => import('./rest-points.test.ts'),
  'rest-aliases': () => import('./rest-aliases.test.ts'),
  'rest-odd-input': () => import('./rest-odd-input.test.ts')
}

// Read by the fixture of each suite, when the suite is loaded.
process.env['TEST_TRANSPORT'] = 'nats'

for (const [name, load] of Object.entries(suites)) {
  describe(`query.transport: nats: ${name}`, async () => {
    await load()
  })
}
