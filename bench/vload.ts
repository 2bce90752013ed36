/** The load generator: a lean client in Go, built once into the cache. */
import { spawn, spawnSync } from 'node:child_process'
import { existsSync, mkdirSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type LoadLine, runOwnLoader } from './own-loader.ts'

// The compiled file lies one level deeper than the source, under dist/.
const here = fileURLToPath(import.meta.url)
const root = resolve(here, here.includes(`${join('dist', 'bench')}`) ? '../../..' : '../..')

/**
 * @returns the program's path: `VLOAD`, or built from the source folder beside the clone; undefined when neither is there
 * @throws  when it is there and cannot be built
 */
export function vloadProgram(): string | undefined {
  const given = process.env['VLOAD']
  if (given) return given
  const source = resolve(root, '../shared/tools/vload')
  const folder = join(root, '.cache', 'vload')
  const program = join(folder, 'vload')
  if (existsSync(program)) return program
  if (!existsSync(source)) return undefined
  mkdirSync(folder, { recursive: true })
  const built = spawnSync('go', ['build', '-o', program, '.'], { cwd: source, encoding: 'utf8' })
  if (built.error)
    throw new Error(
      'Go is missing, which builds the load generator: install it (Debian: apt-get install golang)'
    )
  if (built.status !== 0) throw new Error(`the load generator does not build: ${built.stderr}`)
  return program
}

/** @returns the JSON lines that the load generator printed; where it is not to be had, those of our own */
export function runLoader(args: readonly string[]): Promise<LoadLine[]> {
  const program = vloadProgram()
  if (program === undefined) return runOwnLoader(args)
  return new Promise((done, fail) => {
    const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'] })
    let output = ''
    let errors = ''
    child.stdout.on('data', (chunk: Buffer) => {
      output += chunk.toString()
    })
    child.stderr.on('data', (chunk: Buffer) => {
      errors += chunk.toString()
    })
    child.on('error', fail)
    child.on('exit', (code) => {
      if (code !== 0) return fail(new Error(`vload ${args.at(-1)} ended with ${code}: ${errors}`))
      done(
        output
          .trim()
          .split('\n')
          .filter(Boolean)
          .map((line) => JSON.parse(line))
      )
    })
  })
}
