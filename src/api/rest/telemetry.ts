import type { FastifyInstance } from 'fastify'
import { apiVersion } from '../../domain/version.ts'
import {
  memoryFacts,
  nodeFamilies,
  prefixMetrics,
  renderFamilies,
  requestFamilies
} from '../../observability/index.ts'
import {
  collectionMetrics,
  listOptimizations,
  quotaStatus,
  type ServiceContext,
  telemetry
} from '../../service/index.ts'
import { boolean, integer, type QueryParameters, text } from './query-parameters.ts'
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
      const [own, reports, collections] = await Promise.all([
        context.node.metricsText(),
        context.node.requestReports(),
        collectionMetrics(context)
      ])
      const families = [
        ...nodeFamilies(apiVersion, collections),
        ...requestFamilies(reports, isPerCollection)
      ]
      const page = `${own}${renderFamilies(families)}`
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
    '/collections/:name/optimizations',
    { schema: { tags: ['collections'], summary: 'What the optimizer does' } },
    async (request) => {
      const fields = text(request.query, 'with')
      integer(request.query, 'completed_limit', 16)
      return succeed(request, listOptimizations(context, request.params.name, fields))
    }
  )
}
