import { setTimeout as sleep } from 'node:timers/promises'
import {
  type Authenticator,
  type ConnectionOptions,
  connect,
  credsAuthenticator,
  Events,
  type NatsConnection,
  NatsError,
  nkeyAuthenticator,
  tokenAuthenticator,
  usernamePasswordAuthenticator
} from 'nats'
import type { Logger } from '../../observability/index.ts'

export interface NatsSettings {
  /** `nats://host:port` or `tls://host:port`, any of one cluster. */
  readonly servers: readonly string[]
  /** How the server lists this connection. */
  readonly name: string
  readonly inboxPrefix: string
  readonly login: NatsLogin
  /** Files in PEM; without any of them TLS is used when the server asks for it. */
  readonly tls: {
    readonly ca: string | undefined
    readonly cert: string | undefined
    readonly key: string | undefined
  }
}

export type NatsLogin =
  | { readonly kind: 'none' }
  | { readonly kind: 'password'; readonly user: string; readonly password: string }
  | { readonly kind: 'token'; readonly token: string }
  /** The text of a `.creds` file. */
  | { readonly kind: 'credentials'; readonly text: Uint8Array }
  /** The text of a seed, which begins with `SU`. */
  | { readonly kind: 'nkey'; readonly seed: Uint8Array }

const retryMsMin = 250
const retryMsMax = 5_000
/** A server that stands still is noticed after three of them, and so is a reader of ours that does. */
const pingMsDefault = 5_000
const connectMsMax = 5_000

export interface LinkHooks {
  /**
   * Serves a new connection; resolves or rejects when it serves no more. One that the library brings back by itself stays
   * the same.
   */
  onConnection(connection: NatsConnection): Promise<void>
  /** What was under way on the connection is lost. */
  onLoss(): void
}

/**
 * Keeps one connection to NATS up: tries for ever, says in the log what is wrong, and starts anew when the client
 * library gives a connection up.
 */
export class NatsLink {
  readonly #settings: NatsSettings
  readonly #logger: Logger
  readonly #hooks: LinkHooks
  readonly #pingMs: number
  readonly #stopped = new AbortController()
  readonly #running: Promise<void>
  #connection: NatsConnection | undefined
  #isUp = false

  constructor(settings: NatsSettings, logger: Logger, hooks: LinkHooks, pingMs = pingMsDefault) {
    this.#settings = settings
    this.#logger = logger
    this.#hooks = hooks
    this.#pingMs = pingMs
    this.#running = this.#run()
  }

  /** Whether the server is there now. */
  get isUp(): boolean {
    return this.#isUp
  }

  /** The connection, while it is up. */
  get connection(): NatsConnection | undefined {
    return this.#isUp ? this.#connection : undefined
  }

  /** Sends what is to be sent, and lets go. */
  async close(): Promise<void> {
    this.#stopped.abort()
    const connection = this.#connection
    if (connection !== undefined && !connection.isClosed()) {
      // A server that is not there takes nothing any more: draining would wait for it.
      await (this.#isUp ? connection.drain() : connection.close()).catch(() => {})
    }
    await this.#running
  }

  async #run(): Promise<void> {
    let retryMs = retryMsMin
    while (!this.#stopped.signal.aborted) {
      const startedMs = Date.now()
      try {
        await this.#connectOnce()
      } catch (cause) {
        if (!this.#stopped.signal.aborted) this.#report(cause)
      }
      this.#isUp = false
      const wasSteady = Date.now() - startedMs > retryMsMax
      retryMs = wasSteady ? retryMsMin : Math.min(retryMs * 2, retryMsMax)
      await sleep(retryMs, undefined, { signal: this.#stopped.signal }).catch(() => {})
    }
  }

  /** Ends when the connection does. */
  async #connectOnce(): Promise<void> {
    const connection = await connect(optionsOf(this.#settings, this.#pingMs))
    this.#connection = connection
    if (this.#stopped.signal.aborted) return connection.close()
    this.#isUp = true
    this.#logger.info({ server: connection.getServer() }, 'nats is connected')
    this.#watch(connection)
    try {
      await Promise.race([this.#hooks.onConnection(connection), failureOf(connection)])
    } finally {
      await connection.close().catch(() => {})
    }
  }

  /** Follows what the library tells of its connection, until it ends. */
  async #watch(connection: NatsConnection): Promise<void> {
    for await (const { type, data } of connection.status()) {
      if (type === Events.Disconnect) {
        this.#isUp = false
        this.#hooks.onLoss()
        this.#logger.warn({ server: data }, 'nats is disconnected')
      } else if (type === Events.Reconnect) {
        this.#isUp = true
        this.#logger.info({ server: data }, 'nats is connected again')
      } else if (type === Events.Error) {
        this.#logger.error({ reason: String(data) }, 'nats reports an error')
      } else if (type === Events.LDM) {
        this.#logger.warn({ server: data }, 'the nats server is about to stop')
      }
    }
  }

  #report(cause: unknown): void {
    const isRefused = cause instanceof NatsError && (cause.isAuthError() || cause.isAuthTimeout())
    this.#logger.error(
      { err: cause, servers: this.#settings.servers },
      isRefused ? 'nats refuses the credentials' : 'nats cannot be reached'
    )
  }
}

async function failureOf(connection: NatsConnection): Promise<void> {
  const failure = await connection.closed()
  if (failure instanceof Error) throw failure
}

function optionsOf(settings: NatsSettings, pingMs: number): ConnectionOptions {
  const { servers, name, inboxPrefix, login, tls } = settings
  const authenticator = authenticatorOf(login)
  const needsTls =
    tls.ca !== undefined || tls.cert !== undefined || servers.some((url) => url.startsWith('tls:'))
  return {
    servers: servers.map((url) => url.replace(/^(nats|tls):\/\//, '')),
    name,
    inboxPrefix,
    timeout: connectMsMax,
    pingInterval: pingMs,
    maxPingOut: 2,
    maxReconnectAttempts: -1,
    reconnectTimeWait: retryMsMin,
    // Credentials may be put right on the server; until then each refusal is logged.
    ignoreAuthErrorAbort: true,
    noAsyncTraces: true,
    ...(authenticator && { authenticator }),
    ...(needsTls && {
      tls: {
        ...(tls.ca !== undefined && { ca: tls.ca }),
        ...(tls.cert !== undefined && { cert: tls.cert }),
        ...(tls.key !== undefined && { key: tls.key })
      }
    })
  }
}

function authenticatorOf(login: NatsLogin): Authenticator | undefined {
  switch (login.kind) {
    case 'none':
      return undefined
    case 'password':
      return usernamePasswordAuthenticator(login.user, login.password)
    case 'token':
      return tokenAuthenticator(login.token)
    case 'credentials':
      return credsAuthenticator(login.text)
    case 'nkey':
      return nkeyAuthenticator(login.seed)
  }
}
