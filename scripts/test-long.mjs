// `npm run test:long`: the suites that break things, in their long sizes: every call of the system fails once, 200 kills, 20,000 crashes, 100,000 simulated runs.
import { spawnSync } from 'node:child_process'
import { root, setUp } from './build.mjs'

setUp()
const { status } = spawnSync(
  process.execPath,
  [
    'node_modules/vitest/vitest.mjs',
    'run',
    ...(process.argv.length > 2 ? process.argv.slice(2) : ['test/chaos', 'test/simulation'])
  ],
  { cwd: root, stdio: 'inherit', env: { ...process.env, TEST_LONG: '1' } }
)
process.exit(status ?? 1)
