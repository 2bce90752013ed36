import type { TransferPort, TransferSource } from '../../domain/transfer.ts'
import { EngineError } from '../../errors/index.ts'
import type { Logger } from '../../observability/index.ts'
import { NatsLink, type NatsSettings } from './connection.ts'
import { NatsTransferPort } from './transfer-port.ts'
import { answerTransfers } from './transfer-responder.ts'

/** The node's own connection to NATS, over which states of shards come and go; gateways have theirs for what users ask. */
export class NatsTransfers {
  readonly port: TransferPort
  readonly #link: NatsLink
  #source: TransferSource | undefined

  constructor(options: {
    readonly settings: NatsSettings
    /** `nats.prefix` */
    readonly prefix: string
    readonly peerId: number
    readonly logger: Logger
  }) {
    const { settings, prefix, peerId, logger } = options
    const source: TransferSource = {
      offer: (shard) => this.#source?.offer(shard),
      begin: (shard) => this.#given().begin(shard),
      next: (id, sequence) => this.#given().next(id, sequence),
      end: (id) => this.#source?.end(id)
    }
    const link = new NatsLink({ ...settings, name: `${settings.name} transfers` }, logger, {
      async onConnection(connection) {
        answerTransfers({ connection, prefix, peerId, source, logger })
        await connection.closed()
      },
      onLoss: () => {}
    })
    this.#link = link
    this.port = new NatsTransferPort(prefix, peerId, () => {
      if (link.connection !== undefined) return link.connection
      throw failed('NATS is not connected')
    })
  }

  /** Gives others what this node has. */
  serve(source: TransferSource): void {
    this.#source = source
  }

  close(): Promise<void> {
    return this.#link.close()
  }

  #given(): TransferSource {
    if (this.#source !== undefined) return this.#source
    throw failed('the node that was asked has not started')
  }
}

function failed(reason: string): EngineError {
  return new EngineError('MILLRACE_TRANSFER_FAILED', { shard: 0, reason })
}
