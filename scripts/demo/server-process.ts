/** A real server in a process of its own, as users run it. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

const mainFile = fileURLToPath(new URL('../../bundle/server/main.js', compiled(import.meta.url)))

/** Sources run under vitest, but the server always runs as built. */
function compiled(url: string): string {
  return url.includes('/dist/') ? url : url.replace('/scripts/demo/', '/dist/scripts/demo/')
}

export interface ServerProcess {
  readonly port: number
  readonly child: ChildProcess
  /** Lines of its log so far, parsed. */
  readonly log: readonly Record<string, unknown>[]
  /** What it has written to its standard error. */
  errors(): string
  /** @returns the exit code */
  stop(signal?: NodeJS.Signals): Promise<number | null>
}

/** @throws with what the server said when it ends before it serves */
export async function startServerProcess(
  args: readonly string[],
  environment: Readonly<Record<string, string>> = {}
): Promise<ServerProcess> {
  const child = spawn(process.execPath, [mainFile, '--port', '0', ...args], {
    env: { ...process.env, ...environment },
    stdio: ['ignore', 'pipe', 'pipe']
  })
  const log: Record<string, unknown>[] = []
  let errors = ''
  child.stderr.on('data', (chunk: Buffer) => {
    errors += chunk.toString('utf8')
  })
  const exited = once(child, 'exit')
  const serving = new Promise<number>((resolve) => {
    createInterface({ input: child.stdout }).on('line', (line) => {
      const entry = parseLine(line)
      log.push(entry)
      if (entry['msg'] === 'millrace is serving') resolve(Number(entry['port']))
    })
  })
  const port = await Promise.race([
    serving,
    exited.then(([code]) => {
      throw new Error(`the server ended with code ${code}: ${errors.trim()}`)
    })
  ])
  return {
    port,
    child,
    log,
    errors: () => errors,
    async stop(signal = 'SIGTERM') {
      if (child.exitCode === null && child.signalCode === null) child.kill(signal)
      const [code] = await exited
      return code
    }
  }
}

function parseLine(line: string): Record<string, unknown> {
  try {
    return JSON.parse(line)
  } catch {
    return { msg: line }
  }
}
