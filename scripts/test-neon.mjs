// `npm run test:neon`: cross-builds the tests of the kernels for 64-bit ARM and runs them under emulation, so that the NEON
// forms are compared with the oracles on any machine. On an ARM machine `npm test` does that by itself.
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { crossBuildKernelTests, root } from './build.mjs'

const folder = crossBuildKernelTests()
const { status } = spawnSync(
  'qemu-aarch64',
  ['-L', '/usr/aarch64-linux-gnu', join(folder, 'millrace_kernel_tests'), ...process.argv.slice(2)],
  { cwd: root, stdio: 'inherit' }
)
process.exit(status ?? 1)
