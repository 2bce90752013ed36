import { expect, test } from 'vitest'
import type { ActorFacts } from '../../src/domain/node-port.ts'
import { restServer } from '../support/rest-server.ts'

const rest = restServer()

test('every actor shows its state, offset, lag, last error and since when', async () => {
  const spec = { vectors: { size: 1, distance: 'Dot' }, shard_number: 2 }
  await rest.client.call('PUT', '/collections/acted', spec)
  const { result } = await rest.client.call('GET', '/millrace/actors')
  const actors = result as readonly ActorFacts[]
  const well = {
    health: 'ok',
    restarts: 0,
    lastError: null,
    since: expect.stringMatching(/^20.*Z$/)
  }
  const id = actors.find(({ collection }) => collection === 'acted')?.name.slice(0, -3)
  expect(actors.filter(({ collection }) => [null, 'acted'].includes(collection))).toEqual(
    [
      {
        kind: 'node',
        name: 'node',
        state: 'serving',
        collection: null,
        offset: null,
        lagRecords: null
      },
      {
        kind: 'metadata',
        name: 'millrace.meta',
        state: 'following',
        collection: null,
        offset: '1',
        lagRecords: 0
      },
      { kind: 'collection', name: `${id}.g0`, state: 'ready', offset: null, lagRecords: null },
      ...[0, 1].flatMap((shard) => [
        { kind: 'replica', name: `${id}.g0/${shard}`, state: 'active', offset: '1', lagRecords: 0 },
        {
          kind: 'shard',
          name: `${id}.g0/${shard}`,
          state: '{serving:running,checkpointing:idle}',
          offset: '1',
          lagRecords: null
        },
        {
          kind: 'segment',
          name: `${id}.g0/${shard}#1`,
          state: '{loaded:serving}',
          offset: '1',
          lagRecords: null
        },
        {
          kind: 'optimizer',
          name: `${id}.g0/${shard}`,
          state: 'idle',
          offset: null,
          lagRecords: null
        }
      ])
    ].map((one) => ({ collection: 'acted', ...well, ...one }))
  )
})

test('the metrics page counts the actors by kind and health, and names the state of the node', async () => {
  const text = await (await fetch(`${rest.url}/metrics`)).text()
  expect(text).toContain('millrace_node_state{state="serving"} 1')
  expect(text).toContain('millrace_actors{kind="metadata",health="ok"} 1')
  expect(text).toContain('millrace_actor_restarts{kind="node"} 0')
})
