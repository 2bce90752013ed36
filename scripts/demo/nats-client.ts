/** Just enough of a client to ask the service over NATS. */
import { connect, headers as createHeaders, type Msg, type NatsConnection } from 'nats'

const askMsMax = 10_000

/** No operation of it answers anything but an object. */
export type NatsResult = Record<string, unknown>

export class NatsClient {
  private readonly connection: NatsConnection

  private constructor(connection: NatsConnection) {
    this.connection = connection
  }

  static async connect(url: string): Promise<NatsClient> {
    return new NatsClient(await connect({ servers: url, name: 'demo' }))
  }

  /**
   * @param subject     what follows `millrace.v1.`: an operation, or a collection and an operation
   * @param parameters  what REST has in its path and query
   * @returns           the `result` of the answer
   * @throws            when nobody answers, or with the service's error
   */
  async ask(
    subject: string,
    body?: unknown,
    parameters: Readonly<Record<string, string>> = {}
  ): Promise<NatsResult> {
    const message = await this.request(subject, body, parameters)
    return (message.json() as { result: NatsResult }).result
  }

  /** Whether a node answers whose shards may all be read. */
  isReady(): Promise<boolean> {
    return this.request('readyz').then(
      () => true,
      () => false
    )
  }

  private async request(
    subject: string,
    body?: unknown,
    parameters: Readonly<Record<string, string>> = {}
  ): Promise<Msg> {
    const headers = createHeaders()
    for (const [name, value] of Object.entries(parameters)) headers.set(`x-millrace-${name}`, value)
    const message = await this.connection.request(
      `millrace.v1.${subject}`,
      body === undefined ? undefined : JSON.stringify(body),
      { timeout: askMsMax, headers }
    )
    const error = message.headers?.get('Nats-Service-Error')
    if (error) throw new Error(`${subject}: ${error}`)
    return message
  }

  close(): Promise<void> {
    return this.connection.close()
  }
}
