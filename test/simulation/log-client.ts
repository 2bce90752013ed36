import { EngineError, isEngineError } from '../../src/errors/index.ts'
import type { Log, LogBatch, LogEnds, TopicInfo, WaitOptions } from '../../streams/index.ts'
import { type LogService, logFailed } from './log-service.ts'
import type { Network } from './network.ts'
import type { Host, Scheduler } from './scheduler.ts'

const requestTimeoutMs = 2_000
const resendsMax = 4
const resendAfterMs = 150

/**
 * The log as one node reaches it over the network. It does what a driver must: one batch in flight for each partition, and
 * after an unknown outcome the same frames again, so that apply can tell that they are the same.
 */
export class LogClient implements Log {
  readonly driver = 'simulated'
  readonly #service: LogService
  readonly #network: Network
  readonly #scheduler: Scheduler
  readonly #host: Host
  readonly #appends = new Map<string, Promise<unknown>>()

  constructor(options: {
    readonly service: LogService
    readonly network: Network
    readonly scheduler: Scheduler
    readonly host: Host
  }) {
    this.#service = options.service
    this.#network = options.network
    this.#scheduler = options.scheduler
    this.#host = options.host
  }

  createTopic(topic: string, options: { readonly partitions: number }): Promise<void> {
    return this.#ask('create', () => this.#service.memory().createTopic(topic, options))
  }

  deleteTopic(topic: string): Promise<void> {
    return this.#ask('delete', () => this.#service.deleteTopic(topic))
  }

  topics(): Promise<readonly TopicInfo[]> {
    return this.#ask('topics', () => this.#service.memory().topics())
  }

  read(
    topic: string,
    partition: number,
    from: bigint,
    options: { readonly maxBytes: number }
  ): Promise<LogBatch> {
    return this.#ask('read', () => this.#service.memory().read(topic, partition, from, options))
  }

  ends(topic: string, partition: number): Promise<LogEnds> {
    return this.#ask('ends', () => this.#service.memory().ends(topic, partition))
  }

  offsetAt(topic: string, partition: number, timeMs: number): Promise<bigint> {
    return this.#ask('time', () => this.#service.memory().offsetAt(topic, partition, timeMs))
  }

  trimBefore(topic: string, partition: number, offset: bigint): Promise<void> {
    return this.#ask('trim', () => this.#service.memory().trimBefore(topic, partition, offset))
  }

  async waitForMore(
    topic: string,
    partition: number,
    from: bigint,
    { signal }: WaitOptions = {}
  ): Promise<boolean> {
    let isMore = true
    try {
      const options = signal === undefined ? {} : { signal }
      isMore = await this.#service.memory().waitForMore(topic, partition, from, options)
    } catch (cause) {
      if (isEngineError(cause, 'MILLRACE_LOG_TOPIC_UNKNOWN')) throw cause
      // The service went down: who reads next is told.
    }
    if (signal?.aborted) return false
    await this.#scheduler.wait(1, this.#host, 'more')
    return isMore
  }

  append(
    topic: string,
    partition: number,
    records: readonly Uint8Array[]
  ): Promise<BigUint64Array> {
    const key = `${topic}/${partition}`
    const copies = records.map((record) => record.slice())
    const before = this.#appends.get(key) ?? Promise.resolve()
    const done = before.then(() => this.#appendUntilKnown(topic, partition, copies))
    this.#appends.set(
      key,
      done.catch(() => {})
    )
    return done
  }

  async close(): Promise<void> {}

  async #appendUntilKnown(
    topic: string,
    partition: number,
    records: readonly Uint8Array[]
  ): Promise<BigUint64Array> {
    let isUnknown = false
    for (let attempt = 0; ; attempt++) {
      try {
        const append = () => this.#service.append(topic, partition, records)
        return await this.#send('append', append, () => unknownOutcome(topic, partition))
      } catch (cause) {
        const isLost = isEngineError(cause) && unknownCodes.has(cause.code)
        isUnknown ||= isLost
        // Once an outcome is unknown, a later refusal says nothing of the earlier attempt.
        if (!isUnknown) throw cause
        if (attempt >= resendsMax || isEngineError(cause, 'MILLRACE_LOG_TOPIC_UNKNOWN'))
          throw unknownOutcome(topic, partition)
      }
      await this.#scheduler.wait(resendAfterMs, this.#host, 'resend')
    }
  }

  #ask<Result>(label: string, work: () => Promise<Result>): Promise<Result> {
    return this.#send(label, work, () => logFailed('no answer'))
  }

  /** A request and its reply, each of which may be lost; then the time ends the wait. */
  #send<Result>(
    label: string,
    work: () => Promise<Result>,
    lost: () => EngineError
  ): Promise<Result> {
    const host = this.#host
    const { host: service } = this.#service
    return new Promise((resolve, reject) => {
      const cancel = this.#scheduler.at(requestTimeoutMs, host, `${label} late`, () =>
        reject(lost())
      )
      const reply = (settle: () => void) =>
        this.#network.send('log', host, `${label} reply`, () => {
          cancel()
          settle()
        })
      this.#network.send(host.name, service, label, () => {
        const working = new Promise<Result>((begin) => begin(work()))
        working.then(
          (result) => reply(() => resolve(result)),
          (cause: unknown) => reply(() => reject(cause))
        )
      })
    })
  }
}

/** What a service that goes down in the middle of an append, or a lost reply, leaves open. */
const unknownCodes: ReadonlySet<string> = new Set([
  'MILLRACE_LOG_OUTCOME_UNKNOWN',
  'MILLRACE_LOG_CLOSED'
])

function unknownOutcome(topic: string, partition: number): EngineError {
  const reason = 'no answer'
  return new EngineError('MILLRACE_LOG_OUTCOME_UNKNOWN', { topic, partition, reason })
}
