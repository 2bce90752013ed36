import { durationBucketsMicros, type RequestReport } from '../domain/node-port.ts'
import { addCounts, type Counts, emptyCounts, type RouteLabels } from '../domain/request-reports.ts'
import { heapBytes } from './heap.ts'

/** Of one route: collection → status → counts. */
type RouteCounts = Map<string | undefined, Map<number, Counts>>

/** Counts the answers of one gateway. What it reports is plain data that can be summed over gateways. */
export class RequestStatistics {
  private readonly routes = new Map<string, RouteCounts>()
  private readonly isCollection: (name: string) => boolean

  /** @param isCollection  counts of a collection that is gone are kept without its name */
  constructor(isCollection: (name: string) => boolean = () => true) {
    this.isCollection = isCollection
  }

  /**
   * @param endpoint  the route with its parameters as `{name}`
   * @returns         a function that counts one answer of that route; names of collections must exist
   */
  route(
    method: string,
    endpoint: string
  ): (status: number, seconds: number, collection: string | undefined) => void {
    const key = `${method} ${endpoint}`
    const counts: RouteCounts = this.routes.get(key) ?? new Map()
    this.routes.set(key, counts)
    return (status, seconds, collection) => {
      const micros = Math.round(seconds * 1e6)
      const entry = entryOf(counts, { method, endpoint, status, collection })
      entry.count += 1
      entry.microsTotal += micros
      if (micros < entry.microsMin) entry.microsMin = micros
      if (micros > entry.microsMax) entry.microsMax = micros
      entry.lastMs = Date.now()
      const bucket = bucketOf(micros)
      entry.buckets[bucket] = (entry.buckets[bucket] ?? 0) + 1
    }
  }

  /** @param inFlight  requests of this gateway that are being worked on */
  report(inFlight: number): RequestReport {
    this.forgetCollections()
    const routes = [...this.routes.values()].flatMap((counts) =>
      [...counts.values()].flatMap((statuses) => [...statuses.values()])
    )
    return { inFlight, heapBytes: heapBytes(), routes: structuredClone(routes) }
  }

  /** Moves the counts of collections that are gone to those without a collection. */
  private forgetCollections(): void {
    for (const counts of this.routes.values()) {
      for (const [collection, statuses] of counts) {
        if (collection === undefined || this.isCollection(collection)) continue
        counts.delete(collection)
        for (const gone of statuses.values()) {
          addCounts(entryOf(counts, { ...gone, collection: undefined }), gone)
        }
      }
    }
  }
}

function entryOf(counts: RouteCounts, labels: RouteLabels): Counts {
  const statuses = counts.get(labels.collection) ?? new Map<number, Counts>()
  counts.set(labels.collection, statuses)
  const entry = statuses.get(labels.status) ?? emptyCounts(labels)
  statuses.set(labels.status, entry)
  return entry
}

function bucketOf(micros: number): number {
  const index = durationBucketsMicros.findIndex((edge) => micros <= edge)
  return index < 0 ? durationBucketsMicros.length : index
}
