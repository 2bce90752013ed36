// `npm run check`: everything that CI runs, in order: format and lint, types, then all tests, the import arrows among them.
// With --static only what needs no running code.
import { spawnSync } from 'node:child_process'
import { root, setUp } from './build.mjs'

setUp()
const isStatic = process.argv.includes('--static')
for (const [name, args] of [
  ['format and lint', ['node_modules/@biomejs/biome/bin/biome', 'check', '.']],
  ['types', ['node_modules/typescript/bin/tsc', '-p', '.', '--noEmit']],
  ['tests', ['scripts/test.mjs']]
]) {
  if (isStatic && name === 'tests') continue
  console.log(`\n=== ${name}`)
  const { status } = spawnSync(process.execPath, args, { cwd: root, stdio: 'inherit' })
  if (status !== 0) process.exit(status ?? 1)
}
