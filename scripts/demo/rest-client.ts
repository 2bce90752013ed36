/** Just enough of a client to load and search over keep-alive connections. */
import { Agent, request } from 'node:http'

export interface Answer {
  readonly status: number
  readonly body: Record<string, unknown>
}

export class RestClient {
  private readonly agent = new Agent({ keepAlive: true, maxSockets: 8 })
  private readonly port: number

  constructor(port: number) {
    this.port = port
  }

  /** @throws with the server's message when the status is not 200 */
  async call(method: string, path: string, body?: unknown): Promise<Record<string, unknown>> {
    const answer = await this.send(method, path, body)
    if (answer.status === 200) return answer.body
    throw new Error(`${method} ${path}: ${answer.status} ${JSON.stringify(answer.body['status'])}`)
  }

  send(method: string, path: string, body?: unknown): Promise<Answer> {
    const payload =
      body === undefined ? undefined : typeof body === 'string' ? body : JSON.stringify(body)
    const headers =
      payload === undefined
        ? {}
        : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(payload) }
    return new Promise((resolve, reject) => {
      const outgoing = request(
        { host: '127.0.0.1', port: this.port, method, path, headers, agent: this.agent },
        (response) => {
          const chunks: Buffer[] = []
          response.on('data', (chunk: Buffer) => chunks.push(chunk))
          response.on('error', reject)
          response.on('end', () =>
            resolve({ status: response.statusCode ?? 0, body: parse(Buffer.concat(chunks)) })
          )
        }
      )
      outgoing.on('error', reject)
      outgoing.end(payload)
    })
  }

  close(): void {
    this.agent.destroy()
  }
}

function parse(bytes: Buffer): Record<string, unknown> {
  try {
    return JSON.parse(bytes.toString('utf8'))
  } catch {
    return { text: bytes.toString('utf8') }
  }
}
