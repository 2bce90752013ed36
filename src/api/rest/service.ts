import type { FastifyInstance } from 'fastify'
import { apiVersion } from '../../domain/version.ts'
import type { ServiceContext } from '../../service/index.ts'
import { succeed } from './route.ts'

export interface ServiceRoutesOptions {
  readonly version: string
  /** 40 hexadecimal digits */
  readonly commit: string
  /** In front of every metric name. */
  readonly metricsPrefix: string
}

const tags = ['service']

export async function serviceRoutes(
  server: FastifyInstance,
  { context, commit }: ServiceRoutesOptions & { readonly context: ServiceContext }
) {
  server.get('/', { schema: { tags, summary: 'Name and API version' } }, async () => ({
    title: 'qdrant - vector search engine',
    version: apiVersion,
    commit
  }))

  for (const path of ['/healthz', '/livez']) {
    server.get(
      path,
      { schema: { tags, summary: 'Say that the process lives' } },
      async (_request, reply) => reply.type('text/plain').send('healthz check passed')
    )
  }

  server.get(
    '/readyz',
    { schema: { tags, summary: 'Say whether all shards serve' } },
    async (_request, reply) => {
      const { isReady, reasons } = await context.node.readiness()
      return reply
        .code(isReady ? 200 : 503)
        .type('text/plain')
        .send(
          isReady ? 'all shards are ready' : ['some shards are not ready', ...reasons].join('\n')
        )
    }
  )

  server.get(
    '/millrace/replicas',
    { schema: { tags, summary: 'Each replica: state, offset, lag, digest' } },
    async (request) => succeed(request, await context.node.describe())
  )
}
