// `npm run test:neon`: cross-builds the tests of the kernels for 64-bit ARM and runs them under emulation, plain and under
// sanitizers, so that the NEON forms are compared with the oracles on any machine. On an ARM machine `npm test` does that.
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { crossBuildKernelTests, root } from './build.mjs'

let isFailed = false
for (const variant of ['plain', 'asan']) {
  const folder = crossBuildKernelTests(variant)
  console.log(`\n=== kernels on aarch64 (${variant})`)
  const { status } = spawnSync(
    'qemu-aarch64',
    [
      '-L',
      '/usr/aarch64-linux-gnu',
      join(folder, 'millrace_kernel_tests'),
      ...process.argv.slice(2)
    ],
    {
      cwd: root,
      stdio: 'inherit',
      // Leaks are looked for with ptrace, which is not emulated; the same tests look for them on the host.
      env: { ...process.env, ASAN_OPTIONS: 'detect_leaks=0', UBSAN_OPTIONS: 'print_stacktrace=1' }
    }
  )
  if (status !== 0) isFailed = true
}
process.exit(isFailed ? 1 : 0)
