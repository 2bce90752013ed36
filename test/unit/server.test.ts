import { connect } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { loadConfig } from '../../src/config/index.ts'
import { encodeToken } from '../../src/domain/token.ts'
import { startServer } from '../../src/server.ts'
import { temporaryFolder } from '../support/folders.ts'

const start = (data: string) =>
  startServer(loadConfig(['--port', '0', '--data', data, '--log-level', 'silent'], {}))

test('stopping twice at once is one stop, and the folder can be used again', async () => {
  const data = temporaryFolder()
  const server = await start(data)
  await Promise.all([server.stop('a'), server.stop('b')])
  await (await start(data)).stop('test')
})

test('a server that stops refuses what comes in on a busy connection, in the usual shape', async () => {
  const server = await start(temporaryFolder())
  const { port } = server.address
  await fetch(`http://127.0.0.1:${port}/collections/c`, {
    method: 'PUT',
    headers: { 'content-type': 'application/json' },
    body: '{"vectors":{"size":1,"distance":"Dot"}}'
  })
  const offsets = [{ shard: 0, offset: 1000n }]
  const token = encodeToken({ collectionId: 0n, generation: 0, offsets })
  const client = connect(port, '127.0.0.1')
  let answer = ''
  client.on('data', (bytes) => {
    answer += bytes
  })
  client.write(`GET /collections/c/points/1?timeout=1&after=${token} HTTP/1.1\r\nhost: x\r\n\r\n`)
  await sleep(100)
  const stopped = server.stop('test')
  client.write('GET /collections/c HTTP/1.1\r\nhost: x\r\n\r\n')
  await stopped
  expect(answer.match(/HTTP\/1\.1 \d+|MILLRACE_\w+/g)).toEqual([
    'HTTP/1.1 503',
    'MILLRACE_TOKEN_NOT_REACHED',
    'HTTP/1.1 503',
    'MILLRACE_NODE_DRAINING'
  ])
})
