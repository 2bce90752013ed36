import { apiVersion } from '../../domain/version.ts'
import { listActors, memoryReport, rebuildShard } from '../../service/index.ts'
import { type Answer, collectionOf, type Operation, succeeded } from './operation.ts'

const tags = ['service']

export const serviceOperations: readonly Operation[] = [
  {
    name: 'version',
    method: 'GET',
    url: '/',
    tags,
    summary: 'Name and API version',
    run: async ({ facts: { commit } }) => ({
      kind: 'document',
      document: { title: 'qdrant - vector search engine', version: apiVersion, commit }
    })
  },
  ...['healthz', 'livez'].map(
    (name): Operation => ({
      name,
      method: 'GET',
      url: `/${name}`,
      tags,
      summary: 'Say that the process lives',
      run: async () => plainText(200, 'healthz check passed')
    })
  ),
  {
    name: 'readyz',
    method: 'GET',
    url: '/readyz',
    tags,
    summary: 'Say whether all shards serve',
    run: async ({ context }) => {
      const { isReady, reasons } = await context.node.readiness()
      return isReady
        ? plainText(200, 'all shards are ready')
        : plainText(503, ['some shards are not ready', ...reasons].join('\n'))
    }
  },
  {
    name: 'list_actors',
    method: 'GET',
    url: '/millrace/actors',
    tags,
    summary: 'Each actor: state, offset, lag, last error, since when',
    run: async ({ context }) => succeeded(await listActors(context))
  },
  {
    name: 'replicas',
    method: 'GET',
    url: '/millrace/replicas',
    tags,
    summary: 'Each replica: state, offset, lag, digest',
    run: async ({ context }) => succeeded(await context.node.describe())
  },
  {
    name: 'memory',
    method: 'GET',
    url: '/millrace/memory',
    tags,
    summary:
      'What uses how much memory: the process, its budget, and each collection by what it holds',
    run: async ({ context }) => succeeded(await memoryReport(context))
  },
  {
    name: 'rebuild_shard',
    method: 'POST',
    url: '/millrace/collections/:name/shards/:shard/rebuild',
    tags,
    summary: 'Build a shard’s state a second time beside the first, compare digests, and swap',
    run: async ({ context }, call) =>
      succeeded(await rebuildShard(context, collectionOf(call), call.path('shard')))
  }
]

function plainText(status: number, text: string): Answer {
  return { kind: 'page', status, type: 'text/plain', text }
}
