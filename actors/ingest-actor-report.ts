import type { IngestReport } from '../src/domain/ingest.ts'
import type { ActorReport } from './actor-report.ts'

/** @returns an ingest among the actors of its node; its offset is the sum of its positions in the source */
export function ingestActorReport(report: IngestReport): ActorReport {
  const { name, state, lagMessages, partitions, lastError } = report
  const positions = partitions.reduce((sum, { position }) => sum + BigInt(position), 0n)
  return {
    kind: 'ingest',
    name,
    state,
    offset: positions.toString(),
    ...(lagMessages !== null && { lagRecords: lagMessages }),
    // Those that were followed by success are history.
    restarts: lastError === null ? 0 : report.restarts,
    lastError,
    isBusy: state === 'connecting' || state === 'waiting' || (lagMessages ?? 0) > 0,
    isHalted: state === 'failed'
  }
}
