import type { FastifyInstance } from 'fastify'
import { apiVersion } from '../../domain/version.ts'
import {
  anonymizeMetrics,
  memoryFacts,
  nodeFamilies,
  prefixMetrics,
  renderFamilies,
  requestFamilies
} from '../../observability/index.ts'
import {
  collectionMetrics,
  listRejections,
  quotaStatus,
  type ServiceContext,
  telemetry
} from '../../service/index.ts'
import { boolean, integer, type QueryParameters } from './query-parameters.ts'
import { type CollectionRoute, succeed } from './route.ts'

interface TelemetryRoutesOptions {
  readonly context: ServiceContext
  readonly metricsPrefix: string
}

interface QueryRoute {
  Querystring: QueryParameters
}

const tags = ['service']

export async function telemetryRoutes(
  server: FastifyInstance,
  { context, metricsPrefix }: TelemetryRoutesOptions
) {
  server.get<QueryRoute>(
    '/telemetry',
    { schema: { tags, summary: 'What this node holds, and what it has answered' } },
    async (request) => {
      const options = {
        level: integer(request.query, 'details_level', 0),
        isAnonymous: boolean(request.query, 'anonymize', false),
        isPerCollection: boolean(request.query, 'per_collection', false)
      }
      return succeed(request, await telemetry(context, options, memoryFacts))
    }
  )

  server.get<QueryRoute>(
    '/metrics',
    { schema: { tags, summary: 'Metrics for Prometheus' } },
    async (request, reply) => {
      const isPerCollection = boolean(request.query, 'per_collection', false)
      const isAnonymous = boolean(request.query, 'anonymize', false)
      const [own, reports, collections] = await Promise.all([
        context.node.metricsText(),
        context.node.requestReports(),
        collectionMetrics(context)
      ])
      const families = [
        ...nodeFamilies(apiVersion, collections),
        ...requestFamilies(reports, isPerCollection)
      ]
      const named = `${own}${renderFamilies(families)}`
      const page = isAnonymous ? anonymizeMetrics(named) : named
      return reply.type('text/plain; version=0.0.4').send(prefixMetrics(page, metricsPrefix))
    }
  )

  server.get(
    '/issues',
    { schema: { tags, summary: 'List what should be improved' } },
    // Every search of this version is exact and no field has an index: there is no advice to give.
    async (request) => succeed(request, { issues: [] })
  )

  server.delete('/issues', { schema: { tags, summary: 'Forget all issues' } }, async (request) =>
    succeed(request, true)
  )

  server.get('/quotas', { schema: { tags, summary: 'Quotas and usage' } }, async (request) =>
    succeed(request, quotaStatus(context))
  )

  server.get<CollectionRoute>(
    '/millrace/collections/:name/rejections',
    { schema: { tags, summary: 'Records that were rejected while nobody waited' } },
    async (request) => succeed(request, await listRejections(context, request.params.name))
  )
}
