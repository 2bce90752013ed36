import type { FastifyDynamicSwaggerOptions } from '@fastify/swagger'

export const openApiOptions = (version: string): FastifyDynamicSwaggerOptions => ({
  openapi: {
    openapi: '3.1.0',
    info: {
      title: 'Millrace',
      description: 'A vector search engine on a durable log, speaking the API of Qdrant.',
      version
    },
    tags: [
      { name: 'collections', description: 'sets of points that share a vector schema' },
      { name: 'aliases', description: 'other names of collections' },
      { name: 'points', description: 'ids with vectors and payload' },
      { name: 'search', description: 'nearest points' },
      { name: 'ingest', description: 'topics that are read into collections' },
      { name: 'cluster', description: 'this node among others' },
      { name: 'service', description: 'health, telemetry and metrics' }
    ]
  }
})

/** Takes out what only our validator understands: bigints and `nonZero`. */
export function tidyOpenApi(node: unknown): unknown {
  if (Array.isArray(node)) return node.filter((item) => !isBigInt(item)).map(tidyOpenApi)
  if (typeof node !== 'object' || node === null) return node
  return Object.fromEntries(
    Object.entries(node)
      .filter(([key]) => key !== 'nonZero')
      .map(([key, value]) => [key, tidyOpenApi(value)])
  )
}

function isBigInt(node: unknown): boolean {
  return typeof node === 'object' && node !== null && 'type' in node && node.type === 'bigint'
}
