/** One index in a process of its own, which builds it once and is then asked as often as one likes. */
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'
import { createInterface } from 'node:readline'

export interface Built {
  readonly buildS: number
  readonly buildCpuS: number
  /** memory of the process that came with the index, MiB */
  readonly mb: number
}

export interface Answered {
  readonly recall: number
  readonly qps: number
  /** CPU time of the whole process per query, µs: what others do on the machine counts less in it than in `qps` */
  readonly cpuUs: number
  /** how the engine found its hits, under a filter */
  readonly path?: string
}

export class Competitor {
  readonly #child: ChildProcessWithoutNullStreams
  readonly #lines: AsyncIterator<string>
  readonly #ended: Promise<string>
  #errors = ''

  /** @param command  prints a line about its build, and one for each line of its input */
  constructor(command: readonly string[]) {
    const [program = '', ...args] = command
    this.#child = spawn(program, args)
    this.#lines = createInterface({ input: this.#child.stdout })[Symbol.asyncIterator]()
    this.#child.stderr.on('data', (chunk: Buffer) => {
      this.#errors += chunk.toString()
    })
    // A process that cannot start or has ended closes its output, which is what is told.
    this.#child.on('error', (error) => {
      this.#errors += error.message
    })
    this.#child.stdin.on('error', () => {})
    this.#ended = new Promise((done) => {
      this.#child.on('close', (code, signal) => done(`${code ?? signal}`))
    })
  }

  /** @throws when the build failed */
  async built(): Promise<Built> {
    return (await this.#next()) as Built
  }

  /** @throws when the process has ended */
  async ask(line: string): Promise<Answered> {
    this.#child.stdin.write(`${line}\n`)
    return (await this.#next()) as Answered
  }

  close(): void {
    this.#child.stdin.end()
    this.#child.kill()
  }

  async #next(): Promise<unknown> {
    const { value, done } = await this.#lines.next()
    if (done) {
      const how = await this.#ended
      throw new Error(`${this.#child.spawnargs.join(' ')} ended with ${how}: ${this.#errors}`)
    }
    return JSON.parse(value)
  }
}
