import { setTimeout as sleep } from 'node:timers/promises'
import type { NatsConnection } from 'nats'
import type { NatsReport } from '../../domain/node-port.ts'
import { NatsLink, type NatsSettings } from './connection.ts'
import { NatsService, type ServiceOptions } from './service.ts'

export interface NatsOptions extends ServiceOptions {
  readonly settings: NatsSettings
}

/** The NATS side of one gateway: a connection of its own, and the service on it. */
export class NatsGateway {
  readonly #options: NatsOptions
  readonly #link: NatsLink
  #service: NatsService | undefined
  /** Of services whose connection has ended. */
  #past = { requests: 0, errors: 0 }
  #drained: Promise<void> | undefined

  /** Connects from now on; a server that is not there is waited for. */
  constructor(options: NatsOptions) {
    this.#options = options
    const { settings, logger } = options
    this.#link = new NatsLink(settings, logger, (connection) => this.#serve(connection))
  }

  report(): NatsReport {
    const { requests, errors } = this.#past
    return {
      connected: this.#link.isUp ? 1 : 0,
      requests: requests + (this.#service?.requests ?? 0),
      errors: errors + (this.#service?.errors ?? 0)
    }
  }

  /** Takes no more requests, answers those under way within `drainMs`, and lets go of the connection. Further calls join the first. */
  async drain(drainMs: number): Promise<void> {
    this.#drained ??= this.#drainOnce(drainMs)
    await this.#drained
  }

  async #drainOnce(drainMs: number): Promise<void> {
    const endMs = Date.now() + drainMs
    const service = this.#service
    if (service !== undefined && this.#link.isUp) {
      await Promise.race([service.stop(), sleep(drainMs, undefined, { ref: false })])
      // The library does not wait for the promises of handlers, and a reply needs the connection.
      while (service.underWay > 0 && Date.now() < endMs) await sleep(5)
    }
    await this.#link.close()
  }

  async #serve(connection: NatsConnection): Promise<void> {
    const service = await NatsService.start(connection, this.#options)
    this.#service = service
    const failure = await service.stopped
    // A stop of our own leaves the connection to the replies that are still to come.
    if (failure === null && this.#drained !== undefined) return void (await connection.closed())
    this.#past.requests += service.requests
    this.#past.errors += service.errors
    this.#service = undefined
    if (failure !== null) throw failure
  }
}
