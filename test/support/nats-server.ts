/** A real NATS server, started by the test that needs it. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { natsProgram } from './nats-program.ts'

/** Building it for the first time takes half a minute on an idle machine. */
export const natsSetupMs = 600_000

const startMsMax = 20_000

/** A test process that ends early must not leave them behind. */
const running = new Set<ChildProcess>()
process.once('exit', () => {
  for (const child of running) child.kill('SIGKILL')
})

export class NatsServer {
  readonly port: number
  readonly url: string
  private readonly folder: string
  private child: ChildProcess | undefined

  private constructor(port: number, folder: string) {
    this.port = port
    this.folder = folder
    this.url = `nats://127.0.0.1:${port}`
  }

  /**
   * @param config  further lines of its configuration file: authorization, tls, max_payload
   * @throws        why it does not run, with what it said
   */
  static async start(config = ''): Promise<NatsServer> {
    const folder = mkdtempSync(join(tmpdir(), 'millrace-nats-'))
    const server = new NatsServer(await freePort(), folder)
    server.configure(config)
    try {
      await server.launch()
    } catch (cause) {
      await server.close()
      throw cause
    }
    return server
  }

  /** What the next launch reads. */
  configure(config: string): void {
    writeFileSync(this.configFile, `listen: "127.0.0.1:${this.port}"\n${config}\n`)
  }

  /** Starts it again, on the same port. */
  async launch(): Promise<void> {
    const args = ['-c', this.configFile, '-l', this.logFile]
    const child = spawn(await natsProgram(), args, { stdio: 'ignore' })
    this.child = child
    running.add(child)
    child.once('exit', () => running.delete(child))
    const ended = once(child, 'exit').then(() => {
      throw new Error(`nats-server ended: ${this.log().slice(-2000)}`)
    })
    ended.catch(() => {})
    await Promise.race([this.ready(), ended])
  }

  /** Ends it: SIGKILL as a crash does, SIGTERM in order. */
  async kill(signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    const { child } = this
    this.child = undefined
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return
    const ended = once(child, 'exit')
    child.kill('SIGCONT')
    child.kill(signal)
    await ended
  }

  async restart(signal?: NodeJS.Signals): Promise<void> {
    await this.kill(signal)
    await this.launch()
  }

  pause(): void {
    this.child?.kill('SIGSTOP')
  }

  resume(): void {
    this.child?.kill('SIGCONT')
  }

  /** What it has logged. */
  log(): string {
    try {
      return readFileSync(this.logFile, 'utf8')
    } catch {
      return ''
    }
  }

  async close(): Promise<void> {
    await this.kill()
    rmSync(this.folder, { recursive: true, force: true })
  }

  private get configFile(): string {
    return join(this.folder, 'server.conf')
  }

  private get logFile(): string {
    return join(this.folder, 'server.log')
  }

  /** It greets whoever connects. */
  private async ready(): Promise<void> {
    const endMs = Date.now() + startMsMax
    while (!(await greets(this.port))) {
      if (Date.now() > endMs) throw new Error(`nats-server does not answer: ${this.log()}`)
      await sleep(20)
    }
  }
}

async function greets(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1')
  try {
    const [greeting] = await once(socket, 'data', { signal: AbortSignal.timeout(1000) })
    return String(greeting).startsWith('INFO ')
  } catch {
    return false
  } finally {
    socket.destroy()
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  await once(server, 'close')
  if (address === null || typeof address === 'string') throw new Error('no port is free')
  return address.port
}
