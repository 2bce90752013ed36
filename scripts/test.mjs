// `npm test`: sets up what is stale, then runs every suite: the native core plain and under sanitizers, then vitest.
import { spawnSync } from 'node:child_process'
import { buildNativeTests, root, setUp } from './build.mjs'

const filters = process.argv.slice(2)

setUp()
const failed = []
if (filters.length === 0) {
  for (const variant of ['plain', 'asan', 'tsan']) {
    const folder = buildNativeTests(variant)
    suite(
      `native core (${variant})`,
      'ctest',
      ['--test-dir', folder, '--output-on-failure', '--progress', '-j2'],
      {
        ASAN_OPTIONS: 'detect_leaks=1:strict_string_checks=1',
        UBSAN_OPTIONS: 'print_stacktrace=1',
        TSAN_OPTIONS: 'halt_on_error=1:second_deadlock_stack=1'
      }
    )
  }
}
suite('vitest', process.execPath, ['node_modules/vitest/vitest.mjs', 'run', ...filters])

if (failed.length > 0) {
  console.error(`\nfailed: ${failed.join(', ')}`)
  process.exit(1)
}
console.log('\nall suites passed')

function suite(name, command, args, environment = {}) {
  console.log(`\n=== ${name}`)
  const { status } = spawnSync(command, args, {
    cwd: root,
    stdio: 'inherit',
    env: { ...process.env, ...environment }
  })
  if (status !== 0) failed.push(name)
}
