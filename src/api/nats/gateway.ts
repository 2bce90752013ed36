import { setTimeout as sleep } from 'node:timers/promises'
import type { NatsConnection } from 'nats'
import type { NatsReport } from '../../domain/node-port.ts'
import { NatsLink, type NatsSettings } from './connection.ts'
import { NatsService, type ServiceOptions } from './service.ts'
import type { NatsShardPort } from './shard-port.ts'
import { ShardResponder } from './shard-responder.ts'

export interface NatsOptions extends ServiceOptions {
  readonly settings: NatsSettings
  /** Asks the shards for all queries of this gateway; without it nodes do not ask each other. */
  readonly shardPort: NatsShardPort | undefined
}

/** The NATS side of one gateway: a connection of its own, and the service on it. */
export class NatsGateway {
  readonly #options: NatsOptions
  readonly #link: NatsLink
  #service: NatsService | undefined
  #responder: ShardResponder | undefined
  /** Of services whose connection has ended. */
  #past = { requests: 0, errors: 0 }
  #drained: Promise<void> | undefined

  /** Connects from now on; a server that is not there is waited for. */
  constructor(options: NatsOptions) {
    this.#options = options
    const { settings, logger } = options
    this.#link = new NatsLink(settings, logger, {
      onConnection: (connection) => this.#serve(connection),
      onLoss: () => options.shardPort?.disconnected()
    })
  }

  report(): NatsReport {
    const { requests, errors } = this.#past
    return {
      connected: this.#link.isUp ? 1 : 0,
      requests: requests + (this.#service?.requests ?? 0),
      errors: errors + (this.#service?.errors ?? 0)
    }
  }

  /**
   * Takes no more requests, answers those under way within `drainMs`, and lets go of the connection. Further calls join the
   * first.
   *
   * @param others  ends when nobody else asks shards through this connection any more
   */
  async drain(drainMs: number, others: Promise<unknown>): Promise<void> {
    this.#drained ??= this.#drainOnce(drainMs, others)
    await this.#drained
  }

  async #drainOnce(drainMs: number, others: Promise<unknown>): Promise<void> {
    const endMs = Date.now() + drainMs
    const timeUp = sleep(drainMs, undefined, { ref: false })
    const service = this.#service
    if (service !== undefined && this.#link.isUp) {
      await Promise.race([service.stop(), timeUp])
      // The library does not wait for the promises of handlers, and a reply needs the connection.
      const isBusy = () => service.underWay > 0 || (this.#responder?.underWay ?? 0) > 0
      while (isBusy() && Date.now() < endMs) await sleep(5)
    }
    if (this.#options.shardPort !== undefined) await Promise.race([others, timeUp])
    await this.#link.close()
  }

  async #serve(connection: NatsConnection): Promise<void> {
    const { shardPort, prefix, scope, logger } = this.#options
    // Before the service: its first request may need them.
    if (shardPort !== undefined) {
      this.#responder = new ShardResponder(connection, prefix, scope.context, logger)
      shardPort.attach(connection)
      connection.closed().then(() => shardPort.detach(connection))
    }
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
