import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, rename, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const run = promisify(execFile)
const version = 'v2.12.15'

/**
 * The NATS server that the tests start: the program that NATS_SERVER names, else the pinned version, built once with Go
 * into the ignored folder `.cache/`, else the one that is installed.
 *
 * @returns its path
 * @throws  what is missing, and how to get it
 */
export async function natsProgram(): Promise<string> {
  const named = process.env['NATS_SERVER']
  if (named !== undefined && named !== '') {
    if (await runs(named, '--version')) return named
    throw new Error(`NATS_SERVER is ${named}, and that cannot be run`)
  }
  const folder = join(projectRoot(), '.cache', `nats-server-${version}`)
  const program = join(folder, 'nats-server')
  if (existsSync(program)) return program
  if (await runs('go', 'version')) {
    await build(folder, program)
    return program
  }
  if (await runs('nats-server', '--version')) return 'nats-server'
  throw new Error(
    'the tests need a NATS server, and there is neither Go to build one nor nats-server itself: install one of them ' +
      '(Debian: apt-get install golang-go, or nats-server; macOS: brew install nats-server), or name a program by NATS_SERVER'
  )
}

/** Several test processes may do so at once: each builds in a folder of its own, and what is put in place is whole. */
async function build(folder: string, program: string): Promise<void> {
  await mkdir(folder, { recursive: true })
  const own = await mkdtemp(join(folder, 'build-'))
  const source = `github.com/nats-io/nats-server/v2@${version}`
  try {
    const env = { ...process.env, GOBIN: own, GOFLAGS: '' }
    await run('go', ['install', source], { cwd: own, env, timeout: 500_000 })
    await rename(join(own, 'nats-server'), program)
  } catch (cause) {
    const { stderr = String(cause) } = cause as { readonly stderr?: string }
    throw new Error(`the tests need a NATS server, and go install ${source} failed: ${stderr}`, {
      cause
    })
  } finally {
    await rm(own, { recursive: true, force: true })
  }
}

async function runs(command: string, flag: string): Promise<boolean> {
  return run(command, [flag]).then(
    () => true,
    () => false
  )
}

/** Also when this file runs as built, below dist/. */
function projectRoot(): string {
  let folder = dirname(fileURLToPath(import.meta.url))
  while (!existsSync(join(folder, 'package.json'))) folder = dirname(folder)
  return folder
}
