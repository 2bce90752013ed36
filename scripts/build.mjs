// Builds what is stale, and nothing else. Each step keeps a hash of its inputs in .stamps/.
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync
} from 'node:fs'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const root = fileURLToPath(new URL('..', import.meta.url))
const nodeOldest = [20, 19]
const testFlags = {
  plain: ['-DCMAKE_BUILD_TYPE=RelWithDebInfo'],
  asan: ['-DCMAKE_BUILD_TYPE=Debug', '-DMILLRACE_SANITIZE=address,undefined'],
  tsan: ['-DCMAKE_BUILD_TYPE=Debug', '-DMILLRACE_SANITIZE=thread']
}

/** Everything `npm start` needs: dependencies, the native engine, the TypeScript build. */
export function setUp() {
  checkNode()
  installDependencies()
  buildNative()
  buildTypeScript()
  bundleServer()
  noteCommit()
}

/** The server names the commit that it was built from; outside of a checkout there is none. */
function noteCommit() {
  const { status, stdout } = spawnSync('git', ['rev-parse', 'HEAD'], {
    cwd: root,
    encoding: 'utf8'
  })
  if (status === 0) writeFileSync(join(root, 'dist/commit.txt'), stdout.trim())
}

export function checkNode() {
  const [major, minor] = process.versions.node.split('.').map(Number)
  if (major > nodeOldest[0] || (major === nodeOldest[0] && minor >= nodeOldest[1])) return
  stop(
    `millrace needs Node ${nodeOldest.join('.')} or newer, and this is ${process.versions.node}: install one from nodejs.org or your package manager.`
  )
}

export function installDependencies() {
  step(
    'dependencies',
    ['package.json', 'package-lock.json', '.npmrc'],
    'node_modules/.package-lock.json',
    () =>
      run('npm', ['ci', '--no-fund', '--no-audit', '--loglevel=error'], 'installing dependencies')
  )
}

export function buildTypeScript() {
  const inputs = [
    'tsconfig.json',
    'package-lock.json',
    'src',
    'actors',
    'machines',
    'streams',
    'test',
    'bench',
    'scripts'
  ]
  step('typescript', inputs, 'dist/src/main.js', () =>
    run(process.execPath, ['node_modules/typescript/bin/tsc', '-p', '.'], 'building TypeScript')
  )
}

/**
 * The server in a few files, as users run it: a thousand small modules took two thirds of the time to its first answer,
 * and each gateway worker loads them again.
 */
export function bundleServer() {
  const inputs = ['tsconfig.json', 'package-lock.json', 'src', 'actors', 'machines', 'streams']
  step('bundle', inputs, 'dist/bundle/server/main.js', () => {
    rmSync(join(root, 'dist/bundle'), { recursive: true, force: true })
    run(
      process.execPath,
      [
        'node_modules/rolldown/bin/cli.mjs',
        'dist/src/main.js',
        'dist/src/gateway/worker.js',
        '--dir=dist/bundle/server',
        '--platform=node',
        '--log-level=warn'
      ],
      'bundling the server'
    )
  })
}

export function buildNative() {
  step('native', ['native', 'package-lock.json'], 'build/native/release/millrace.node', () => {
    requireTools()
    const headers = ['node_modules/node-addon-api', 'node_modules/node-api-headers/include']
    configure('release', [
      '-DCMAKE_BUILD_TYPE=Release',
      `-DMILLRACE_NODE_HEADERS=${headers.map((path) => join(root, path)).join(';')}`
    ])
    compile('release', 'millrace_node', 'building the native engine')
  })
}

/**
 * The core's own tests in one build: `plain`, `asan` (with UBSan) or `tsan`.
 * @returns the folder to run ctest in
 */
export function buildNativeTests(variant) {
  step(
    `native-${variant}`,
    ['native', 'test/fixtures'],
    `build/native/${variant}/millrace_tests`,
    () => {
      requireTools()
      requireGoogleTest()
      configure(variant, ['-DMILLRACE_TESTS=ON', ...testFlags[variant]])
      compile(variant, 'millrace_tests', `building the native tests (${variant})`)
    }
  )
  return join(root, 'build/native', variant)
}

/**
 * The tests of the kernels for 64-bit ARM, which `qemu-aarch64` runs here, `plain` or `asan`. Debian has no GoogleTest built
 * for another processor, so its source is built too.
 * @returns the folder of `millrace_kernel_tests`
 */
export function crossBuildKernelTests(variant) {
  const googleTest = '/usr/src/googletest'
  requireCrossTools(googleTest)
  const folder = `aarch64-${variant}`
  step(`native-${folder}`, ['native'], `build/native/${folder}/millrace_kernel_tests`, () => {
    requireTools()
    configure(folder, [
      ...testFlags[variant],
      '-DMILLRACE_TESTS=ON',
      `-DMILLRACE_GTEST_SOURCE=${googleTest}`,
      `-DCMAKE_TOOLCHAIN_FILE=${join(root, 'native/toolchains/aarch64-linux-gnu.cmake')}`
    ])
    compile(folder, 'millrace_kernel_tests', `building the kernels' tests (${folder})`)
  })
  return join(root, 'build/native', folder)
}

function requireCrossTools(googleTest) {
  const missing = [
    ['g++-aarch64-linux-gnu', hasTool('aarch64-linux-gnu-g++')],
    ['qemu-user', hasTool('qemu-aarch64')],
    ['googletest', existsSync(join(googleTest, 'CMakeLists.txt'))]
  ].flatMap(([name, isThere]) => (isThere ? [] : [name]))
  if (missing.length === 0) return
  stop(
    `the tests for ARM need ${missing.join(', ')}: install them (Debian: apt-get install ${missing.join(' ')}).`
  )
}

function configure(variant, flags) {
  const args = ['-S', 'native', '-B', `build/native/${variant}`, ...flags]
  if (hasTool('ninja') && !existsSync(join(root, 'build/native', variant, 'CMakeCache.txt')))
    args.push('-G', 'Ninja')
  run('cmake', args, null)
}

function compile(variant, target, title) {
  const jobs = String(Math.max(1, availableParallelism()))
  run(
    'cmake',
    ['--build', `build/native/${variant}`, '--target', target, '--parallel', jobs],
    title
  )
}

export function requireTools() {
  if (!hasTool('cmake')) {
    stop('CMake is missing: install it (Debian: apt-get install cmake; macOS: brew install cmake).')
  }
  if (!['c++', 'g++', 'clang++'].some(hasTool)) {
    stop(
      'a C++20 compiler is missing: install one (Debian: apt-get install g++; macOS: xcode-select --install).'
    )
  }
  if (!['ninja', 'make'].some(hasTool)) {
    stop('a build tool is missing: install ninja or make (Debian: apt-get install ninja-build).')
  }
}

function requireGoogleTest() {
  const probe = spawnSync(process.env.CXX ?? 'c++', ['-E', '-x', 'c++', '-'], {
    input: '#include <gtest/gtest.h>\n',
    stdio: ['pipe', 'ignore', 'ignore']
  })
  if (probe.status === 0) return
  stop(
    'GoogleTest is missing, which the native tests need: install it (Debian: apt-get install libgtest-dev; macOS: brew install googletest).'
  )
}

export function hasTool(name) {
  return spawnSync(name, ['--version'], { stdio: 'ignore' }).error === undefined
}

/** Runs `work` when the inputs have changed since it last succeeded, or its product is gone. */
function step(name, inputs, product, work) {
  const stampFile = join(root, '.stamps', name)
  const stamp = hashOf(inputs)
  const isFresh =
    existsSync(join(root, product)) &&
    existsSync(stampFile) &&
    readFileSync(stampFile, 'utf8') === stamp
  if (isFresh) return
  work()
  mkdirSync(join(root, '.stamps'), { recursive: true })
  writeFileSync(stampFile, stamp)
}

function hashOf(inputs) {
  const hash = createHash('sha256').update(process.version)
  for (const file of inputs.flatMap(filesBelow).sort()) {
    hash.update(`${file}\0`).update(readFileSync(join(root, file)))
  }
  return hash.digest('hex')
}

function filesBelow(path) {
  const full = join(root, path)
  if (!existsSync(full)) return []
  if (!statSync(full).isDirectory()) return [path]
  return readdirSync(full, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath ?? entry.path, entry.name).slice(root.length))
}

/** Runs a command quietly; on failure shows what it said and ends. */
export function run(command, args, title) {
  const startedAt = performance.now()
  if (title) process.stderr.write(`${title} … `)
  const result = spawnSync(command, args, { cwd: root, encoding: 'utf8', maxBuffer: 1 << 28 })
  if (result.error) stop(`${command} could not be started: ${result.error.message}`)
  if (result.status !== 0)
    stop(`\n${result.stdout}${result.stderr}\n${command} ${args.join(' ')} failed.`)
  if (title) process.stderr.write(`${((performance.now() - startedAt) / 1000).toFixed(1)} s\n`)
}

export function stop(sentence) {
  process.stderr.write(`${sentence}\n`)
  process.exit(1)
}
