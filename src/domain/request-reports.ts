/** Sums of what gateways have counted. */
import {
  durationBucketsMicros,
  type NatsReport,
  type RequestReport,
  type RouteReport
} from './node-port.ts'

export type Counts = { -readonly [Name in keyof RouteReport]: RouteReport[Name] } & {
  buckets: number[]
}
export type RouteLabels = Pick<RouteReport, 'method' | 'endpoint' | 'status' | 'collection'>

/** Adds up the answers of several reports that are alike in method, endpoint and status, and in collection if that counts. */
export function sumRoutes(
  reports: readonly RequestReport[],
  isPerCollection: boolean
): RouteReport[] {
  const sums = new Map<string, Counts>()
  for (const route of reports.flatMap(({ routes }) => routes)) {
    const collection = isPerCollection ? route.collection : undefined
    const key = JSON.stringify([route.method, route.endpoint, route.status, collection])
    const sum = sums.get(key) ?? emptyCounts({ ...route, collection })
    sums.set(key, sum)
    addCounts(sum, route)
  }
  return [...sums.values()]
}

/** @returns undefined when no gateway has NATS */
export function sumNats(reports: readonly RequestReport[]): NatsReport | undefined {
  const parts = reports.flatMap(({ nats }) => nats ?? [])
  if (parts.length === 0) return undefined
  return {
    connected: parts.reduce((sum, { connected }) => sum + connected, 0),
    requests: parts.reduce((sum, { requests }) => sum + requests, 0),
    errors: parts.reduce((sum, { errors }) => sum + errors, 0)
  }
}

export function emptyCounts({ method, endpoint, status, collection }: RouteLabels): Counts {
  return {
    method,
    endpoint,
    status,
    collection,
    count: 0,
    microsTotal: 0,
    microsMin: Number.MAX_SAFE_INTEGER,
    microsMax: 0,
    buckets: new Array<number>(durationBucketsMicros.length + 1).fill(0),
    lastMs: 0
  }
}

export function addCounts(sum: Counts, part: RouteReport): void {
  sum.count += part.count
  sum.microsTotal += part.microsTotal
  sum.microsMin = Math.min(sum.microsMin, part.microsMin)
  sum.microsMax = Math.max(sum.microsMax, part.microsMax)
  sum.lastMs = Math.max(sum.lastMs, part.lastMs)
  sum.buckets = sum.buckets.map((count, index) => count + (part.buckets[index] ?? 0))
}
