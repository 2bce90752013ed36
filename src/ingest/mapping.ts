import type { IngestSpec } from '../domain/ingest.ts'
import { debeziumMapping } from './map-debezium.ts'
import { jsonMapping } from './map-json.ts'
import { pointPathsOf } from './map-paths.ts'
import { sinkMapping } from './map-sink.ts'
import type { MapMessage } from './mapped-message.ts'

/** @throws MILLRACE_INGEST_INVALID naming the path that is none */
export function mappingOf(
  { format, encoding, mapping }: Pick<IngestSpec, 'format' | 'encoding' | 'mapping'>,
  depthMax: number
): MapMessage {
  if (format === 'sink') return sinkMapping(encoding, depthMax)
  const paths = pointPathsOf(mapping)
  return format === 'json'
    ? jsonMapping(paths, encoding, depthMax)
    : debeziumMapping(paths, encoding, depthMax)
}
