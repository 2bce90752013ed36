/** What the comparison needs besides Node: the native bench, and a Python that has the peers. */
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'

// The compiled file lies one level deeper than the source, under dist/.
const here = fileURLToPath(import.meta.url)
export const root = resolve(
  here,
  here.includes(`${join('dist', 'bench')}`) ? '../../../..' : '../../..'
)
export const scripts = join(root, 'bench', 'engine')

const packages = ['numpy', 'hnswlib==0.8.0', 'usearch', 'faiss-cpu', 'qdrant-edge-py']

/**
 * @returns a Python with the peers, made once in .cache
 * @throws  when Python 3 or a package is not to be had
 */
export function pythonWithPeers(): string {
  const folder = join(root, '.cache', 'engine-peers')
  const python = join(folder, 'bin', 'python')
  const isReady = () =>
    spawnSync(python, ['-c', 'import numpy, hnswlib, usearch, faiss, qdrant_edge']).status === 0
  if (existsSync(python) && isReady()) return python
  mkdirSync(join(root, '.cache'), { recursive: true })
  run('python3', ['-m', 'venv', folder], 'Python 3 with venv is needed for the peers')
  // hnswlib is compiled on this machine, for this machine.
  run(python, ['-m', 'pip', 'install', '--quiet', ...packages], 'the peers cannot be installed')
  return python
}

/** @returns the program of native/bench/engine.cpp, built when it is stale */
export function nativeBench(): string {
  const folder = join(root, 'build', 'native', 'bench')
  const configure = ['-S', join(root, 'native'), '-B', folder, '-DMILLRACE_BENCH=ON']
  run('cmake', [...configure, '-DCMAKE_BUILD_TYPE=Release'], 'the native bench cannot be built')
  const jobs = String(availableParallelism())
  const build = ['--build', folder, '--target', 'bench_engine', '--parallel', jobs]
  run('cmake', build, 'the native bench cannot be built')
  return join(folder, 'bench_engine')
}

/** @returns what the program printed */
export function run(program: string, args: readonly string[], failure: string): string {
  const { status, stdout, stderr, error } = spawnSync(program, args, { encoding: 'utf8' })
  if (status !== 0) throw new Error(`${failure}: ${error?.message ?? stderr}`)
  return stdout
}
