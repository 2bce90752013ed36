import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, rename, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const run = promisify(execFile)

/** A program that `go install` builds: a package, at a pinned version. */
export interface GoProgram {
  /** Its name in `.cache/`. */
  readonly name: string
  readonly package: string
  readonly version: string
}

/**
 * Builds a program once into the ignored folder `.cache/`.
 *
 * @returns its path, or undefined when there is no Go here to build it with
 * @throws  what `go install` said
 */
export async function goProgram(wanted: GoProgram): Promise<string | undefined> {
  const folder = join(projectRoot(), '.cache', `${wanted.name}-${wanted.version}`)
  const program = join(folder, wanted.name)
  if (existsSync(program)) return program
  if (!(await runs('go', 'version'))) return undefined
  await build(wanted, folder, program)
  return program
}

/** Whether a command can be run here. */
export function runs(command: string, flag: string): Promise<boolean> {
  return run(command, [flag]).then(
    () => true,
    () => false
  )
}

/** Several test processes may do so at once: each builds in a folder of its own, and what is put in place is whole. */
async function build(wanted: GoProgram, folder: string, program: string): Promise<void> {
  await mkdir(folder, { recursive: true })
  const own = await mkdtemp(join(folder, 'build-'))
  const source = `${wanted.package}@${wanted.version}`
  try {
    const env = { ...process.env, GOBIN: own, GOFLAGS: '' }
    await run('go', ['install', source], { cwd: own, env, timeout: 500_000 })
    await rename(join(own, builtName(wanted.package)), program)
  } catch (cause) {
    const { stderr = String(cause) } = cause as { readonly stderr?: string }
    throw new Error(`the tests need ${wanted.name}, and go install ${source} failed: ${stderr}`, {
      cause
    })
  } finally {
    await rm(own, { recursive: true, force: true })
  }
}

/** Go names a program by the last part of its package that is no version. */
function builtName(source: string): string {
  return (
    source
      .split('/')
      .filter((part) => !/^v\d+$/.test(part))
      .at(-1) ?? source
  )
}

/** Also when this file runs as built, below dist/. */
function projectRoot(): string {
  let folder = dirname(fileURLToPath(import.meta.url))
  while (!existsSync(join(folder, 'package.json'))) folder = dirname(folder)
  return folder
}
