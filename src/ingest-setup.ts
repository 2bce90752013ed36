/** Ties ingests to the configuration, and to the metrics page. */
import { type IngestOptions, type Node, nativeSources } from '../actors/index.ts'
import { openKafkaSource } from '../streams/index.ts'
import type { Config } from './config/index.ts'
import { toEngineError } from './errors/index.ts'
import type { Logger, Metrics } from './observability/index.ts'
import { checkIngestName, readIngestSpec, type ServiceLimits } from './service/index.ts'

export function ingestOptions(
  config: Config,
  limits: ServiceLimits,
  node: number,
  logger: Logger
): IngestOptions {
  const mechanism = config['ingest.saslMechanism']
  const username = config['ingest.user']
  const kafkaLogger = logger.child({ client: 'kafka' })
  return {
    node,
    limits,
    brokers: config['ingest.brokers'].split(',').filter((broker) => broker !== ''),
    readerName: node.toString(36),
    sourcesOf: nativeSources,
    openSource: openKafkaSource({
      ssl: config['ingest.ssl'],
      sasl:
        mechanism === 'none'
          ? undefined
          : { mechanism, username, password: config['ingest.password'] },
      onLog: (label, entry) => kafkaLogger.debug({ ...entry, label }, 'kafka client')
    })
  }
}

/** Makes the ingests that the configuration names, or changes those that it describes otherwise. One that is wrong stops no start. */
export async function defineIngests(
  config: Config,
  node: Pick<Node, 'controlPort' | 'describeIngests'>,
  nodeId: number,
  logger: Logger
): Promise<void> {
  const known = new Map(node.describeIngests().map(({ entry }) => [entry.name, entry.spec]))
  // Checked when the configuration was read.
  const defined = JSON.parse(config['ingest.define']) as Record<string, unknown>
  for (const [name, body] of Object.entries(defined)) {
    try {
      const spec = readIngestSpec(checkIngestName(name), body)
      if (JSON.stringify(known.get(name)) === JSON.stringify(spec)) continue
      const command = { type: 'putIngest', name, spec, node: nodeId } as const
      const verdict = await node.controlPort.propose(command)
      if (verdict.accepted) continue
      const { code, details } = verdict
      logger.error({ ingest: name, code, ...details }, 'ingest of the configuration was refused')
    } catch (cause) {
      const err = toEngineError(cause)
      logger.error({ ingest: name, err }, 'ingest of the configuration is wrong')
    }
  }
}

/** Sets the gauges of every ingest that runs here; called when the metrics page is read. */
export function refreshIngestMetrics(
  { ingests }: Metrics,
  described: ReturnType<Node['describeIngests']>
): void {
  for (const gauge of Object.values(ingests)) gauge.reset()
  for (const { entry, report } of described) {
    if (report === undefined) continue
    const labels = { ingest: entry.name }
    ingests.running.set(labels, ['running', 'throttled'].includes(report.state) ? 1 : 0)
    ingests.lag.set(labels, report.lagMessages ?? 0)
    ingests.messages.set(labels, report.messages)
    ingests.deadLetters.set(labels, report.deadLetters)
    ingests.restarts.set(labels, report.restarts)
  }
}
