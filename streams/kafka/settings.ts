import type { ConnectionOptions } from 'node:tls'
import type { SASLOptions } from 'kafkajs'
import type { ErrorDetails } from '../../src/errors/index.ts'

export interface KafkaLogOptions {
  /** `host:port` of some brokers; the others are found through them. */
  readonly brokers: readonly string[]
  readonly clientId?: string
  /** All topics of the log begin with it and a dot. */
  readonly prefix: string
  /** Names of topics where they differ from the log's, without the prefix. */
  readonly names?: Readonly<Record<string, string>>
  readonly ssl?: ConnectionOptions | undefined
  readonly sasl?: SASLOptions | undefined
  /** Of topics that are created here; 0 means 3, or as many as there are brokers. Default 0. */
  readonly replicationFactor?: number
  /** Default 8 MiB. */
  readonly recordBytesMax?: number
  /** An append takes what is queued up to this size, or one record that is larger. Default 1 MiB. */
  readonly batchBytesMax?: number
  /** Bytes waiting per partition before appends are refused. Default 64 MiB. */
  readonly queueBytesMax?: number
  /** Of topics that are created here. Default 64 MiB. */
  readonly segmentBytes?: number
  /** How long one request may take before it counts as lost. Default 10 s. */
  readonly requestTimeoutMs?: number
  /** How long an append is sent again and again before it fails. Default 30 s. */
  readonly appendTimeoutMs?: number
  readonly onEvent?: (event: KafkaLogEvent) => void
}

/** Something an operator may want to know; `kind` is constant, facts are in `details`. */
export interface KafkaLogEvent {
  readonly kind: 'append.retried' | 'poll.failed' | 'client'
  readonly details: ErrorDetails
}

/** What the parts of one open log share. */
export interface KafkaSettings {
  readonly recordBytesMax: number
  readonly batchBytesMax: number
  readonly queueBytesMax: number
  readonly segmentBytes: number
  readonly replicationFactor: number
  readonly requestTimeoutMs: number
  readonly appendTimeoutMs: number
  readonly onEvent: (event: KafkaLogEvent) => void
}

const mebibyte = 1024 * 1024

export function settingsOf(options: KafkaLogOptions): KafkaSettings {
  return {
    recordBytesMax: options.recordBytesMax ?? 8 * mebibyte,
    batchBytesMax: options.batchBytesMax ?? mebibyte,
    queueBytesMax: options.queueBytesMax ?? 64 * mebibyte,
    segmentBytes: options.segmentBytes ?? 64 * mebibyte,
    replicationFactor: options.replicationFactor ?? 0,
    requestTimeoutMs: options.requestTimeoutMs ?? 10_000,
    appendTimeoutMs: options.appendTimeoutMs ?? 30_000,
    onEvent: options.onEvent ?? (() => {})
  }
}
