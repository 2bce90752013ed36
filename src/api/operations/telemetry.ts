import { apiVersion } from '../../domain/version.ts'
import {
  anonymizeMetrics,
  memoryFacts,
  nodeFamilies,
  prefixMetrics,
  renderFamilies,
  requestFamilies
} from '../../observability/index.ts'
import { collectionMetrics, listRejections, quotaStatus, telemetry } from '../../service/index.ts'
import {
  type Answer,
  type Call,
  collectionOf,
  type Operation,
  type OperationScope,
  succeeded
} from './operation.ts'
import { boolean, integer } from './parameters.ts'

const tags = ['service']

export const telemetryOperations: readonly Operation[] = [
  {
    name: 'telemetry',
    method: 'GET',
    url: '/telemetry',
    tags,
    summary: 'What this node holds, and what it has answered',
    async run({ context }, { query }) {
      const options = {
        level: integer(query, 'details_level', 0),
        isAnonymous: boolean(query, 'anonymize', false),
        isPerCollection: boolean(query, 'per_collection', false)
      }
      return succeeded(await telemetry(context, options, memoryFacts))
    }
  },
  {
    name: 'metrics',
    method: 'GET',
    url: '/metrics',
    tags,
    summary: 'Metrics for Prometheus',
    run: metricsPage
  },
  {
    name: 'issues',
    method: 'GET',
    url: '/issues',
    tags,
    summary: 'List what should be improved',
    // Every search of this version is exact and no field has an index: there is no advice to give.
    run: async () => succeeded({ issues: [] })
  },
  {
    name: 'clear_issues',
    method: 'DELETE',
    url: '/issues',
    tags,
    summary: 'Forget all issues',
    run: async () => succeeded(true)
  },
  {
    name: 'quotas',
    method: 'GET',
    url: '/quotas',
    tags,
    summary: 'Quotas and usage',
    run: async ({ context }) => succeeded(quotaStatus(context))
  },
  {
    name: 'rejections',
    method: 'GET',
    url: '/millrace/collections/:name/rejections',
    tags,
    summary: 'Records that were rejected while nobody waited',
    run: async ({ context }, call) => succeeded(await listRejections(context, collectionOf(call)))
  }
]

async function metricsPage({ context, facts }: OperationScope, { query }: Call): Promise<Answer> {
  const isPerCollection = boolean(query, 'per_collection', false)
  const isAnonymous = boolean(query, 'anonymize', false)
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
  const text = prefixMetrics(page, facts.metricsPrefix)
  return { kind: 'page', status: 200, type: 'text/plain; version=0.0.4', text }
}
