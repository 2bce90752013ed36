import { connect as connectPlain, isIP, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import { logLevel } from 'kafkajs'
import type { KafkajsBroker } from 'kafkajs/millrace'
import Cluster from 'kafkajs/src/cluster/index.js'
import loggers from 'kafkajs/src/loggers/index.js'
import { failureOf } from './failures.ts'
import type { KafkaLogOptions, KafkaSettings } from './settings.ts'

const connectTimeoutMs = 3_000
/** Leaders are looked up when they are needed and when they turn out wrong; this is only the age of the list of brokers. */
const brokersMaxAgeMs = 300_000

/**
 * One set of connections to the brokers. A broker answers one request of a connection after the other, so that what may
 * wait (a long poll, an append that waits for replicas) has a lane of its own.
 */
export class Lane {
  readonly #cluster: Cluster
  readonly #sockets = new Map<string, Set<Socket>>()
  readonly #opening = new Map<object, Promise<unknown>>()
  #connecting: Promise<void> | undefined

  constructor(options: KafkaLogOptions, settings: KafkaSettings, name: string) {
    this.#cluster = new Cluster({
      logger: loggers.createLogger({
        level: logLevel.WARN,
        logCreator:
          () =>
          ({ label, namespace, log: { message } }) =>
            settings.onEvent({ kind: 'client', details: { label, namespace, message } })
      }),
      socketFactory: (address) => this.#connect(address),
      brokers: options.brokers,
      clientId: `${options.clientId ?? 'millrace'}-${name}`,
      ssl: options.ssl,
      // kafkajs writes into it.
      sasl: options.sasl && { ...options.sasl },
      connectionTimeout: connectTimeoutMs,
      authenticationTimeout: settings.requestTimeoutMs,
      reauthenticationThreshold: 10_000,
      requestTimeout: settings.requestTimeoutMs,
      enforceRequestTimeout: true,
      metadataMaxAge: brokersMaxAgeMs,
      allowAutoTopicCreation: false,
      isolationLevel: 0,
      // Retries are ours, so that their outcome is known. One lets it try the next address of the list.
      retry: { retries: Math.max(1, options.brokers.length - 1), initialRetryTime: 20 }
    })
  }

  async anyBroker(): Promise<KafkajsBroker> {
    await this.#ready()
    return this.#connected(await this.#cluster.brokerPool.findConnectedBroker())
  }

  async controller(): Promise<KafkajsBroker> {
    await this.#ready()
    return this.#connected(await this.#cluster.findControllerBroker())
  }

  /** @param nodeId  of a partition's leader */
  async broker(nodeId: number): Promise<KafkajsBroker> {
    await this.#ready()
    return this.#connected(await this.#cluster.findBroker({ nodeId: String(nodeId) }))
  }

  brokerCount(): number {
    return this.#cluster.getNodeIds().length
  }

  /** To be called with every failure of a request: a broker that is silent is connected to anew. */
  noteFailure(cause: unknown): void {
    const { silentBroker } = failureOf(cause)
    if (silentBroker === undefined) return
    for (const socket of this.#sockets.get(silentBroker) ?? []) {
      socket.destroy(new Error(`${silentBroker} does not answer`))
    }
  }

  async close(): Promise<void> {
    for (const socket of [...this.#sockets.values()].flatMap((sockets) => [...sockets])) {
      socket.destroy(new Error('the log is closed'))
    }
    await this.#cluster.disconnect()
  }

  /** kafkajs opens a socket for each of several requests that find a connection closed at once, and forgets all but one. */
  async #connected(broker: KafkajsBroker): Promise<KafkajsBroker> {
    const { connectionPool } = broker
    await Promise.all(
      connectionPool.pool.map((connection, index) => {
        if (connection.isConnected()) return undefined
        const opening =
          this.#opening.get(connection) ??
          connectionPool.getConnection(index).finally(() => this.#opening.delete(connection))
        this.#opening.set(connection, opening)
        return opening
      })
    )
    return broker
  }

  #ready(): Promise<void> {
    this.#connecting ??= this.#open().catch((cause: unknown) => {
      this.#connecting = undefined
      throw cause
    })
    return this.#connecting
  }

  async #open(): Promise<void> {
    await this.#cluster.connect()
    await this.#cluster.refreshMetadata()
  }

  #connect(address: Parameters<import('kafkajs').ISocketFactory>[0]): Socket {
    const { host, port, ssl, onConnect } = address
    const server = isIP(host) === 0 ? { servername: host } : {}
    const socket = ssl
      ? connectTls({ host, port, ...server, ...ssl }, onConnect)
      : connectPlain({ host, port }, onConnect)
    socket.setKeepAlive(true, 60_000)
    socket.setNoDelay(true)
    // kafkajs adds one each time it disconnects a socket that is still connecting.
    socket.setMaxListeners(0)
    const name = `${host}:${port}`
    const sockets = this.#sockets.get(name) ?? new Set()
    this.#sockets.set(name, sockets.add(socket))
    socket.once('close', () => sockets.delete(socket))
    return socket
  }
}
