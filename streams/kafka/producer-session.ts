import type { KafkaClient } from './client.ts'

const sequenceMax = 0x7fffffff

export interface SessionPlace {
  readonly producerId: string
  readonly producerEpoch: number
  /** Of the first record of the next batch. */
  readonly firstSequence: number
}

/**
 * By which name and number Kafka knows a batch: of one that is sent again it keeps the first copy, and answers with its
 * offset. It holds while batches are sent again as they were; one that changes begins a new session.
 */
export class ProducerSession {
  readonly #client: KafkaClient
  readonly #topic: string
  #place: SessionPlace | undefined

  constructor(client: KafkaClient, topic: string) {
    this.#client = client
    this.#topic = topic
  }

  /** @param count  records of the next batch */
  async next(count: number): Promise<SessionPlace> {
    if (this.#place !== undefined && this.#place.firstSequence + count > sequenceMax) this.end()
    this.#place ??= await this.#begin()
    return this.#place
  }

  /** The batch of so many records is durable. */
  advance(count: number): void {
    if (this.#place === undefined) return
    this.#place = { ...this.#place, firstSequence: this.#place.firstSequence + count }
  }

  end(): void {
    this.#place = undefined
  }

  async #begin(): Promise<SessionPlace> {
    const { producerId, producerEpoch } = await this.#client.forCluster(this.#topic, (broker) =>
      broker.initProducerId({ transactionalId: null, transactionTimeout: 0 })
    )
    return { producerId, producerEpoch, firstSequence: 0 }
  }
}
