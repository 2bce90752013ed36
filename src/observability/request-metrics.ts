import { durationBucketsMicros, type RequestReport, type RouteReport } from '../domain/node-port.ts'
import { sumNats, sumRoutes } from '../domain/request-reports.ts'
import type { Family, Sample } from './exposition.ts'

/** The answers of all gateways, under our names and under those that dashboards of this API know. */
export function requestFamilies(
  reports: readonly RequestReport[],
  isPerCollection: boolean
): Family[] {
  const routes = sumRoutes(reports, isPerCollection)
  const inFlight = reports.reduce((sum, report) => sum + report.inFlight, 0)
  const each = (value: (route: RouteReport) => number): Sample[] =>
    routes.map((route) => ({ labels: labelsOf(route), value: value(route) }))
  const histogram = routes.flatMap(histogramOf)
  return [
    {
      name: 'millrace_rest_requests_in_flight',
      help: 'REST requests being worked on',
      type: 'gauge',
      samples: [{ value: inFlight }]
    },
    {
      name: 'millrace_rest_requests_total',
      help: 'REST requests answered',
      type: 'counter',
      samples: each(({ count }) => count)
    },
    {
      name: 'millrace_rest_request_seconds',
      help: 'time from a request’s arrival to its answer',
      type: 'histogram',
      samples: histogram
    },
    {
      name: 'rest_responses_total',
      help: 'total number of responses',
      type: 'counter',
      samples: each(({ count }) => count)
    },
    {
      name: 'rest_responses_avg_duration_seconds',
      help: 'average response duration',
      type: 'gauge',
      samples: each(({ microsTotal, count }) => microsTotal / count / 1e6)
    },
    {
      name: 'rest_responses_min_duration_seconds',
      help: 'minimum response duration',
      type: 'gauge',
      samples: each(({ microsMin }) => microsMin / 1e6)
    },
    {
      name: 'rest_responses_max_duration_seconds',
      help: 'maximum response duration',
      type: 'gauge',
      samples: each(({ microsMax }) => microsMax / 1e6)
    },
    {
      name: 'rest_responses_duration_seconds',
      help: 'response duration histogram',
      type: 'histogram',
      samples: histogram
    },
    ...natsFamilies(reports)
  ]
}

function natsFamilies(reports: readonly RequestReport[]): Family[] {
  const nats = sumNats(reports)
  if (nats === undefined) return []
  const family = (name: string, help: string, type: Family['type'], value: number): Family => ({
    name,
    help,
    type,
    samples: [{ value }]
  })
  return [
    family('millrace_nats_connections', 'connections to NATS that are up', 'gauge', nats.connected),
    family('millrace_nats_requests_total', 'NATS requests answered', 'counter', nats.requests),
    family('millrace_nats_errors_total', 'NATS requests that failed', 'counter', nats.errors)
  ]
}

function labelsOf({ method, endpoint, status, collection }: RouteReport) {
  return { method, endpoint, status, ...(collection !== undefined && { collection }) }
}

function histogramOf(route: RouteReport): Sample[] {
  const labels = labelsOf(route)
  let below = 0
  const buckets = durationBucketsMicros.map((edge, index): Sample => {
    below += route.buckets[index] ?? 0
    return { suffix: '_bucket', labels: { ...labels, le: edge / 1e6 }, value: below }
  })
  return [
    ...buckets,
    { suffix: '_bucket', labels: { ...labels, le: '+Inf' }, value: route.count },
    { suffix: '_sum', labels, value: route.microsTotal / 1e6 },
    { suffix: '_count', labels, value: route.count }
  ]
}
