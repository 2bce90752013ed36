import { Worker } from 'node:worker_threads'
import type { GatewayDescription, RequestReport } from '../domain/node-port.ts'
import { EngineError, toEngineError } from '../errors/index.ts'
import type { Logger } from '../observability/index.ts'
import { Channel } from './channel.ts'
import type { DirectoryChange } from './directory-change.ts'
import type { MainRequests, WorkerRequests, WorkerStart } from './protocol.ts'

export interface GatewayWorkerOptions {
  readonly start: WorkerStart
  readonly logger: Logger
  /** Its answers to the worker. */
  requests(channel: WorkerChannel): Omit<MainRequests, 'loaded'>
  /** The worker is about to serve: its sockets, and all that is known of the collections. */
  open(): { readonly sockets: readonly number[]; readonly directory: DirectoryChange }
  /** It has its own descriptors of the sockets now, and is about to let go of them. */
  close(): void
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
  private hasLoaded: Promise<void> = Promise.resolve()
  /** Settled once it listens, or will not; undefined until it was told to. */
  private opened: Promise<unknown> | undefined
  private exited: Promise<unknown> = Promise.resolve()
  private restartTimer: NodeJS.Timeout | undefined

  constructor(options: GatewayWorkerOptions) {
    this.options = options
  }

  /** Starts the thread, which loads what it needs; it serves once `serve` is called. */
  load(): void {
    const { start, logger, requests, onDeath } = this.options
    const worker = new Worker(entry, { workerData: start, name: `gateway ${start.gateway}` })
    let failure = new EngineError('MILLRACE_INTERNAL', { reason: 'a gateway worker ended' })
    let announceLoaded = () => {}
    this.hasLoaded = new Promise((resolve, reject) => {
      announceLoaded = resolve
      worker.once('exit', () => reject(failure))
    })
    // Nobody may be waiting for it yet.
    this.hasLoaded.catch(() => {})
    const channel: WorkerChannel = new Channel(worker, (own: WorkerChannel) => ({
      loaded: () => announceLoaded(),
      ...requests(own)
    }))
    worker.on('error', (cause) => {
      failure = toEngineError(cause)
      logger.error({ err: cause, gateway: start.gateway }, 'a gateway worker failed')
    })
    worker.once('exit', () => {
      this.worker = undefined
      this.channel = undefined
      this.opened = undefined
      onDeath()
      channel.close(failure)
      if (this.state === 'serving') this.restartLater(failure)
    })
    this.worker = worker
    this.channel = channel
    // Not `once` of node:events: that one rejects when the worker fails, and fails the whole process with it.
    this.exited = new Promise((resolve) => worker.once('exit', resolve))
  }

  /** Resolves when the worker serves. @throws why it does not; then it is not tried again */
  async serve(): Promise<void> {
    await this.hasLoaded
    const { channel } = this
    if (channel === undefined || this.state !== 'starting')
      throw new EngineError('MILLRACE_NODE_DRAINING')
    const { sockets, directory } = this.options.open()
    const serving = channel.ask('serve', { sockets, directory })
    // Changes from now on follow it through the same channel.
    this.opened = serving.catch(() => {})
    await serving
    if (this.state !== 'starting') return
    this.state = 'serving'
    const steady = setTimeout(() => {
      this.restartMs = restartMsMin
    }, steadyMs)
    this.worker?.once('exit', () => clearTimeout(steady))
  }

  /** The same for one that others do not wait for: tried again until it serves. */
  serveLater(): void {
    if (this.channel === undefined) this.load()
    this.serve().catch((cause: unknown) => {
      if (this.state !== 'starting') return
      this.worker?.terminate()
      this.restartLater(toEngineError(cause))
    })
  }

  describe(): GatewayDescription {
    const { state, restarts, lastError } = this
    return { gateway: this.options.start.gateway, state, restarts, lastError }
  }

  /** It has the change when this returns. One that was not told to serve yet starts with all that is known then. */
  follow(change: DirectoryChange): void {
    if (this.channel === undefined || this.opened === undefined) return
    this.channel.ask('follow', change).catch(() => {})
    this.channel.flush()
  }

  /** What it has counted; undefined when it has not served yet, or is gone. */
  async report(): Promise<RequestReport | undefined> {
    if (this.state !== 'serving') return undefined
    return this.channel?.ask('report', undefined).catch(() => undefined)
  }

  /** @returns whether it serves, and will serve this connection too */
  adopt(fd: number): boolean {
    if (this.state !== 'serving') return false
    this.channel?.ask('adopt', fd).catch(() => {})
    return true
  }

  /** Answers what is under way within `drainMs`; the thread is gone when this resolves. */
  async drain(drainMs: number): Promise<void> {
    clearTimeout(this.restartTimer)
    this.state = 'draining'
    if (this.opened === undefined) await this.worker?.terminate()
    else {
      await this.opened
      this.options.close()
      this.channel?.ask('drain', drainMs).catch(() => {})
    }
    const late = setTimeout(() => this.worker?.terminate(), drainMs + exitMsMax)
    await this.exited
    clearTimeout(late)
    this.state = 'stopped'
  }

  private restartLater(failure: EngineError): void {
    const { start, logger } = this.options
    this.lastError = failure.message
    this.state = 'waitingToRestart'
    logger.warn({ gateway: start.gateway, ms: this.restartMs }, 'a gateway worker starts again')
    this.restartTimer = setTimeout(() => {
      this.restarts += 1
      this.state = 'starting'
      this.serveLater()
    }, this.restartMs)
    this.restartMs = Math.min(this.restartMs * 2, restartMsMax)
  }
}

function compiled(url: string): string {
  return url.includes('/dist/') ? url : url.replace('/src/gateway/', '/dist/src/gateway/')
}
