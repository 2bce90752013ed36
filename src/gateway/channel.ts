import type { TransferListItem } from 'node:worker_threads'
import { EngineError, type ErrorCode, type ErrorDetails, toEngineError } from '../errors/index.ts'

/** The part of `MessagePort` and `Worker` that a channel uses. */
export interface ChannelPort {
  postMessage(message: readonly Message[], transfers: readonly TransferListItem[]): void
  on(event: 'message', listener: (message: readonly Message[]) => void): unknown
}

/** What the other side may ask for: plain data in, plain data or its promise out. */
export type Requests<Methods> = {
  // biome-ignore lint/suspicious/noExplicitAny: any request of one argument fits, whatever its type
  readonly [Method in keyof Methods]: (argument: any) => unknown
}

type Argument<Work> = Work extends (argument: infer Given) => unknown ? Given : never
type Answer<Work> = Work extends (argument: never) => infer Given ? Awaited<Given> : never

const kinds = { request: 0, answer: 1, failure: 2 } as const

/** One of a batch: what it is, which request it belongs to, and its content. */
type Message =
  | readonly [typeof kinds.request, id: number, argument: unknown, method: string]
  | readonly [typeof kinds.answer, id: number, value: unknown]
  | readonly [typeof kinds.failure, id: number, failure: PackedError]

interface PackedError {
  readonly code: ErrorCode
  readonly details: ErrorDetails
  /** Where it was born: the stack does not come along by itself. */
  readonly origin: string | undefined
}

interface Asker {
  readonly resolve: (value: never) => void
  readonly reject: (error: EngineError) => void
}

/**
 * One end of the way between two threads: requests with ids, and their answers. All messages of one turn of the event
 * loop leave as one, because a message costs its thread some microseconds however little it carries.
 * Answers may come in any order; requests are worked on in the order in which they were made.
 */
export class Channel<Theirs extends Requests<Theirs>, Ours extends Requests<Ours>> {
  private readonly port: ChannelPort
  private readonly ours: Ours
  private readonly askers = new Map<number, Asker>()
  private batch: Message[] = []
  private transfers = new Set<TransferListItem>()
  private idLast = 0
  private closedBy: EngineError | undefined

  /** @param ours  what this side answers; a method that answers twice does so by the channel */
  constructor(port: ChannelPort, ours: (channel: Channel<Theirs, Ours>) => Ours) {
    this.port = port
    this.ours = ours(this)
    port.on('message', (batch) => this.deliver(batch))
  }

  /** Requests that the other side has not answered. */
  get waiting(): number {
    return this.askers.size
  }

  /** @throws as promise: what the other side's work threw, or why the channel was closed */
  ask<Method extends keyof Theirs & string>(
    method: Method,
    argument: Argument<Theirs[Method]>,
    transfers?: Iterable<TransferListItem>
  ): Promise<Answer<Theirs[Method]>> {
    const { id, answer } = this.expect<Answer<Theirs[Method]>>()
    if (transfers !== undefined) for (const item of transfers) this.transfers.add(item)
    this.send([kinds.request, id, argument, method])
    return answer
  }

  /** A further answer to a request that carries this `id`, beside its own. */
  expect<Value>(): { readonly id: number; readonly answer: Promise<Value> } {
    if (this.closedBy !== undefined) throw this.closedBy
    this.idLast += 1
    const id = this.idLast
    const answer = new Promise<Value>((resolve, reject) => {
      this.askers.set(id, { resolve, reject })
    })
    return { id, answer }
  }

  /** Answers the other side's `expect`, or its request. */
  answer(id: number, work: unknown): void {
    if (work instanceof Promise) {
      work.then(
        (value) => this.send([kinds.answer, id, value]),
        (cause: unknown) => this.send([kinds.failure, id, packError(cause)])
      )
    } else this.send([kinds.answer, id, work])
  }

  /** Ends every wait with `error`; nothing is sent any more. */
  close(error: EngineError): void {
    this.closedBy ??= error
    this.batch = []
    for (const { reject } of this.askers.values()) reject(this.closedBy)
    this.askers.clear()
  }

  /** Takes what arrived, by the port's event or before it. */
  deliver(batch: readonly Message[]): void {
    for (const message of batch) this.receive(message)
  }

  /** Sends what has gathered at once. */
  flush(): void {
    if (this.batch.length === 0) return
    const { batch, transfers } = this
    this.batch = []
    this.transfers = new Set()
    this.port.postMessage(batch, [...transfers])
  }

  private send(message: Message): void {
    if (this.closedBy !== undefined) return
    // After every socket that is ready now was read: what they bring goes together.
    if (this.batch.push(message) === 1) setImmediate(() => this.flush())
  }

  private receive(message: Message): void {
    if (message[0] === kinds.request) {
      this.perform(message[1], message[3], message[2])
      return
    }
    const asker = this.askers.get(message[1])
    this.askers.delete(message[1])
    // Answers have the type that the method's signature says, on both sides of one build.
    if (message[0] === kinds.answer) asker?.resolve(message[2] as never)
    else asker?.reject(unpackError(message[2]))
  }

  private perform(id: number, method: string, argument: unknown): void {
    try {
      // Only the methods of `Ours` are sent: `ask` is typed by them.
      this.answer(id, this.ours[method as keyof Ours](argument))
    } catch (cause) {
      this.send([kinds.failure, id, packError(cause)])
    }
  }
}

function packError(cause: unknown): PackedError {
  const error = toEngineError(cause)
  const { code, details, cause: inner } = error
  const origin = code === 'MILLRACE_INTERNAL' ? stackOf(inner ?? error) : undefined
  return { code, details, origin }
}

function unpackError({ code, details, origin }: PackedError): EngineError {
  return new EngineError(code, details, origin === undefined ? {} : { cause: origin })
}

function stackOf(cause: unknown): string {
  return cause instanceof Error ? (cause.stack ?? cause.message) : String(cause)
}
