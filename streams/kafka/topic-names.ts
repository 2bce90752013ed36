import type { KafkaLogOptions } from './settings.ts'

/** Topics of the log carry a prefix in Kafka, so that several logs, and others, can use one cluster. */
export class TopicNames {
  readonly #prefix: string
  readonly #toKafka: ReadonlyMap<string, string>
  readonly #toLog: ReadonlyMap<string, string>

  constructor({ prefix, names = {} }: Pick<KafkaLogOptions, 'prefix' | 'names'>) {
    this.#prefix = `${prefix}.`
    this.#toKafka = new Map(Object.entries(names))
    this.#toLog = new Map(Object.entries(names).map(([inLog, inKafka]) => [inKafka, inLog]))
  }

  inKafka(topic: string): string {
    return this.#prefix + (this.#toKafka.get(topic) ?? topic)
  }

  /** @returns undefined when the topic is not of this log */
  inLog(name: string): string | undefined {
    if (!name.startsWith(this.#prefix)) return undefined
    const rest = name.slice(this.#prefix.length)
    return this.#toLog.get(rest) ?? rest
  }
}
