import { headers as createHeaders, type MsgHdrs, NatsError } from 'nats'
import { expect, test } from 'vitest'
import { Endpoint, type RequestMessage } from '../../../src/api/nats/endpoint.ts'
import type { Answer, Call, Operation } from '../../../src/api/operations/index.ts'
import { EngineError } from '../../../src/errors/index.ts'
import { createLogger } from '../../../src/observability/index.ts'

interface Sent {
  readonly subject: string
  readonly body: Record<string, unknown>
  readonly headers: MsgHdrs | undefined
}

function endpointWith(
  run: (call: Call) => Promise<Answer>,
  options: { inFlightMax?: number; isDraining?: boolean; payloadMax?: number } = {}
) {
  const sent: Sent[] = []
  let count = 0
  const operation: Operation = {
    name: 'tried',
    method: 'POST',
    url: '/tried',
    tags: [],
    summary: 'Tried here',
    run: (_scope, call) => run(call)
  }
  const payloadMax = options.payloadMax ?? 1 << 20
  const endpoint = new Endpoint({
    operation,
    scope: { context: { limits: { jsonDepth: 8 } }, facts: {} } as never,
    publisher: {
      info: { max_payload: payloadMax },
      publish(subject, payload, { headers } = {}) {
        if (payload.length > payloadMax) {
          throw new NatsError('MAX_PAYLOAD_EXCEEDED', 'MAX_PAYLOAD_EXCEEDED')
        }
        sent.push({ subject, body: JSON.parse(Buffer.from(payload).toString()), headers })
      }
    },
    inFlight: {
      add: (change) => {
        count += change
      },
      ofNode: () => count,
      isDraining: () => options.isDraining ?? false
    },
    limits: { bodyBytes: 64, requestsInFlight: options.inFlightMax ?? 8 },
    logger: createLogger('silent')
  })
  return { endpoint, sent, inFlight: () => count }
}

const message = (parts: Partial<RequestMessage> = {}): RequestMessage => ({
  subject: 'millrace.v1.tried',
  reply: 'inbox.1',
  data: new Uint8Array(0),
  ...parts
})

const ok = async (): Promise<Answer> => ({ kind: 'result', result: 'fine' })

const errorOf = (sent: readonly Sent[]) =>
  sent.map(({ headers }) => [
    headers?.get('Nats-Service-Error-Code'),
    headers?.get('Nats-Service-Error')
  ])

test('an answer goes to the reply subject, without headers when it has none', async () => {
  const { endpoint, sent, inFlight } = endpointWith(ok)
  await endpoint.handle(message())
  expect(sent).toMatchObject([{ subject: 'inbox.1', body: { result: 'fine' }, headers: undefined }])
  expect(inFlight()).toBe(0)
  expect(endpoint.counts).toMatchObject({ requests: 1, errors: 0 })
})

test('a request without a reply subject is worked on, and nobody is answered', async () => {
  const { endpoint, sent } = endpointWith(ok)
  await endpoint.handle(message({ reply: '' }))
  expect(sent).toEqual([])
  expect(endpoint.counts).toMatchObject({ requests: 1, errors: 0 })
})

test.each([
  [
    'throws at once',
    () => {
      throw new TypeError('a bug')
    }
  ],
  [
    'rejects',
    async () => {
      throw new TypeError('a bug')
    }
  ]
])('an operation that %s becomes an error answer', async (_how, run) => {
  const { endpoint, sent, inFlight } = endpointWith(run as never)
  await endpoint.handle(message())
  expect(errorOf(sent)).toEqual([['500', 'MILLRACE_INTERNAL']])
  expect(sent[0]?.body).toMatchObject({ status: { code: 'MILLRACE_INTERNAL' } })
  expect(endpoint.counts).toMatchObject({ requests: 1, errors: 1 })
  expect(inFlight()).toBe(0)
})

test('a message that cannot be read never throws into the connection', async () => {
  const { endpoint, sent, inFlight } = endpointWith(ok)
  const broken = {
    ...message(),
    get headers(): never {
      throw new NatsError('bad', 'BAD_HEADER')
    }
  }
  await endpoint.handle(broken)
  const worse = {
    get reply(): never {
      throw new Error('no reply can be read')
    }
  }
  await endpoint.handle(worse as never)
  expect(errorOf(sent)).toEqual([['500', 'MILLRACE_INTERNAL']])
  expect(endpoint.counts.errors).toBe(2)
  expect(inFlight()).toBe(0)
})

test('a connection that takes nothing any more never throws out of a handler', async () => {
  const { endpoint } = endpointWith(ok, { payloadMax: -1 })
  await endpoint.handle(message())
  expect(endpoint.counts.errors).toBe(1)
})

test('P9 past the limit of requests in flight the answer is 429, by the name of the limit', async () => {
  let go = () => {}
  const wait = new Promise<void>((resolve) => {
    go = resolve
  })
  const { endpoint, sent } = endpointWith(
    async () => {
      await wait
      return ok()
    },
    { inFlightMax: 1 }
  )
  const first = endpoint.handle(message())
  await endpoint.handle(message())
  expect(errorOf(sent)).toEqual([['429', 'MILLRACE_TOO_MANY_REQUESTS']])
  expect(JSON.stringify(sent[0]?.body)).toContain('limits.requestsInFlight')
  expect(sent[0]?.headers?.get('retry-after')).toBe('1')
  go()
  await first
  expect(sent).toHaveLength(2)
})

test('a node that stops says so', async () => {
  const { endpoint, sent } = endpointWith(ok, { isDraining: true })
  await endpoint.handle(message())
  expect(errorOf(sent)).toEqual([['503', 'MILLRACE_NODE_DRAINING']])
  expect(sent[0]?.headers?.get('x-millrace-retryable')).toBe('true')
})

test('P9 an answer over max_payload becomes an error that names the limit', async () => {
  const run = async (): Promise<Answer> => ({ kind: 'result', result: 'x'.repeat(2000) })
  const { endpoint, sent } = endpointWith(run, { payloadMax: 1000 })
  await endpoint.handle(message())
  expect(errorOf(sent)).toEqual([['400', 'MILLRACE_MESSAGE_TOO_LARGE']])
  expect(JSON.stringify(sent[0]?.body)).toMatch(/1000 bytes.*max_payload/)
})

test('P9 a body over limits.bodyBytes is refused by the name of the limit', async () => {
  const { endpoint, sent } = endpointWith(ok)
  await endpoint.handle(message({ data: new Uint8Array(65) }))
  expect(JSON.stringify(sent[0]?.body)).toContain('limits.bodyBytes')
})

const withHeaders = (given: Record<string, string>) => {
  const headers = createHeaders()
  for (const [name, value] of Object.entries(given)) headers.set(name, value)
  return { headers }
}

test('parameters are headers, in any case and with either kind of line', async () => {
  let seen: Call['query'] = {}
  const { endpoint } = endpointWith(async (call) => {
    seen = call.query
    return ok()
  })
  const given = { 'X-Millrace-Wait': 'true', 'x-millrace-details-level': '3', other: 'x' }
  await endpoint.handle(message(withHeaders(given)))
  expect(seen).toEqual({ wait: 'true', details_level: '3' })
})

test('the budget of a caller is told to the operation, and none is begun for one that has none left', async () => {
  const budgets: (number | undefined)[] = []
  const { endpoint, sent } = endpointWith(async (call) => {
    budgets.push(call.budgetMs)
    return ok()
  })
  for (const budget of ['250', '0', '-1', 'soon']) {
    await endpoint.handle(message(withHeaders({ 'x-millrace-deadline-ms': budget })))
  }
  expect(budgets).toEqual([250])
  expect(errorOf(sent.slice(1))).toEqual([
    ['408', 'MILLRACE_REQUEST_TIMEOUT'],
    ['408', 'MILLRACE_REQUEST_TIMEOUT'],
    ['400', 'MILLRACE_QUERY_PARAMETER_MALFORMED']
  ])
})

test('the trace of a request comes back with answers and with failures', async () => {
  const traceparent = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01'
  let isFailing = false
  const { endpoint, sent } = endpointWith(async () => {
    if (isFailing) throw new EngineError('MILLRACE_CANCELLED')
    return ok()
  })
  await endpoint.handle(message(withHeaders({ traceparent })))
  isFailing = true
  await endpoint.handle(message(withHeaders({ Traceparent: traceparent })))
  expect(sent.map(({ headers }) => headers?.get('traceparent'))).toEqual([traceparent, traceparent])
})

test('a content type that is neither JSON nor MessagePack is refused', async () => {
  const { endpoint, sent } = endpointWith(ok)
  await endpoint.handle(message(withHeaders({ 'content-type': 'text/xml' })))
  await endpoint.handle(message(withHeaders({ accept: 'text/xml' })))
  expect(errorOf(sent)).toEqual([
    ['400', 'MILLRACE_CONTENT_TYPE_INVALID'],
    ['400', 'MILLRACE_CONTENT_TYPE_INVALID']
  ])
})
