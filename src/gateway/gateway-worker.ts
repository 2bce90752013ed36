import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import type { GatewayDescription } from '../domain/node-port.ts'
import { EngineError, toEngineError } from '../errors/index.ts'
import type { Logger } from '../observability/index.ts'
import { Channel } from './channel.ts'
import type { DirectoryChange } from './directory-change.ts'
import type { MainRequests, WorkerRequests, WorkerStart } from './protocol.ts'

export interface GatewayWorkerOptions {
  readonly start: WorkerStart
  readonly logger: Logger
  /** Everything that is known when a worker starts. */
  wholeDirectory(): DirectoryChange
  /** Answers of the main thread; `serving` is the worker's own. */
  requests(channel: WorkerChannel): Omit<MainRequests, 'serving'>
  /** Its connections are gone, and with them what it counted. */
  onDeath(): void
}

export type WorkerChannel = Channel<WorkerRequests, MainRequests>

/** Sources run under vitest, but a worker always runs as built. */
const entry = new URL('./worker.js', compiled(import.meta.url))

const restartMsMin = 100
const restartMsMax = 10_000
/** Who served for so long starts again at once. */
const steadyMs = 30_000
/** Between the end of the last request and the end of the thread. */
const exitMsMax = 2_000

/** One gateway worker: started, started again when it dies, and drained. */
export class GatewayWorker {
  private readonly options: GatewayWorkerOptions
  private worker: Worker | undefined
  private channel: WorkerChannel | undefined
  private state: GatewayDescription['state'] = 'starting'
  private restarts = 0
  private restartMs = restartMsMin
  private lastError: string | null = null
  private followed: Promise<unknown> = Promise.resolve()
  private exited: Promise<unknown> = Promise.resolve()
  private restartTimer: NodeJS.Timeout | undefined

  constructor(options: GatewayWorkerOptions) {
    this.options = options
  }

  /** Resolves when it serves. @throws why it died before */
  start(): Promise<void> {
    return this.spawn()
  }

  describe(): GatewayDescription {
    const { state, restarts, lastError } = this
    return { gateway: this.options.start.gateway, state, restarts, lastError }
  }

  follow(change: DirectoryChange): void {
    // One that died starts with all of it.
    this.followed = this.channel?.ask('follow', change).catch(() => {}) ?? Promise.resolve()
  }

  /** @returns whether it serves, and will serve this connection too */
  adopt(fd: number): boolean {
    if (this.state !== 'serving') return false
    this.channel?.ask('adopt', fd).catch(() => {})
    return true
  }

  /** Resolves when its requests see every change so far, or it is gone. */
  async hasFollowed(): Promise<void> {
    await this.followed
  }

  /** Answers what is under way within `drainMs`; it is gone when this resolves. */
  async drain(drainMs: number): Promise<void> {
    clearTimeout(this.restartTimer)
    const isServing = this.state === 'serving'
    this.state = 'draining'
    if (!isServing) await this.worker?.terminate()
    this.channel?.ask('drain', drainMs).catch(() => {})
    const late = setTimeout(() => this.worker?.terminate(), drainMs + exitMsMax)
    await this.exited
    clearTimeout(late)
    this.state = 'stopped'
  }

  /** Resolves when it serves. @throws why it ended before */
  private spawn(): Promise<void> {
    const { start, logger, requests, wholeDirectory, onDeath } = this.options
    const worker = new Worker(entry, { workerData: start, name: `gateway ${start.gateway}` })
    this.worker = worker
    this.exited = once(worker, 'exit')
    return new Promise((resolve, reject) => {
      let servingSince = Number.POSITIVE_INFINITY
      let failure = new EngineError('MILLRACE_INTERNAL', { reason: 'a gateway worker ended' })
      const serving = () => {
        if (this.state !== 'starting') return
        this.state = 'serving'
        servingSince = performance.now()
        resolve()
      }
      const channel: WorkerChannel = new Channel(worker, (own: WorkerChannel) => ({
        serving,
        ...requests(own)
      }))
      worker.on('error', (cause) => {
        failure = toEngineError(cause)
        logger.error({ err: cause, gateway: start.gateway }, 'a gateway worker failed')
      })
      worker.once('exit', () => {
        channel.close(failure)
        this.worker = undefined
        this.channel = undefined
        onDeath()
        reject(failure)
        if (this.state !== 'serving') return
        if (performance.now() - servingSince > steadyMs) this.restartMs = restartMsMin
        this.restartLater(failure)
      })
      this.channel = channel
      this.follow(wholeDirectory())
    })
  }

  private restartLater(failure: EngineError): void {
    const { start, logger } = this.options
    this.lastError = failure.message
    this.state = 'waitingToRestart'
    this.restartTimer = setTimeout(() => {
      logger.info({ gateway: start.gateway }, 'a gateway worker starts again')
      this.restarts += 1
      this.state = 'starting'
      this.spawn().catch((cause: unknown) => {
        if (this.state === 'starting') this.restartLater(toEngineError(cause))
      })
    }, this.restartMs)
    this.restartMs = Math.min(this.restartMs * 2, restartMsMax)
  }
}

function compiled(url: string): string {
  return url.includes('/dist/') ? url : url.replace('/src/gateway/', '/dist/src/gateway/')
}
