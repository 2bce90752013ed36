/** The body that creates or changes an ingest. */
import Type from 'typebox'
import { maybe } from './parts.ts'

const pathSchema = Type.String({
  description:
    'members and items of a message, as in `after.items[0].id`; `$key` is the message’s key'
})
const flushSchema = Type.Object(
  {
    messages: maybe(Type.Integer({ minimum: 1, maximum: 100_000 })),
    bytes: maybe(Type.Integer({ minimum: 1024, maximum: 8 << 20 })),
    ms: maybe(Type.Integer({ minimum: 0, maximum: 60_000 }))
  },
  { additionalProperties: false }
)

const embeddedTextSchema = Type.Object(
  { text: pathSchema, embedding: Type.String() },
  { additionalProperties: false, description: 'a text that the server is to embed' }
)

const vectorSourceSchema = Type.Union([pathSchema, embeddedTextSchema])

export const ingestStartSchema = Type.Union([
  Type.Literal('earliest'),
  Type.Literal('latest'),
  Type.Object({ time_ms: Type.Integer({ minimum: 0 }) }, { additionalProperties: false }),
  Type.Object(
    {
      offsets: Type.Record(Type.String(), Type.Record(Type.String(), Type.Integer({ minimum: 0 })))
    },
    { additionalProperties: false }
  )
])

export const putIngestSchema = Type.Object(
  {
    collection: Type.String(),
    topics: Type.Array(Type.String(), { minItems: 1 }),
    brokers: maybe(Type.Array(Type.String())),
    format: maybe(
      Type.Union([Type.Literal('sink'), Type.Literal('json'), Type.Literal('debezium')])
    ),
    encoding: maybe(Type.Union([Type.Literal('json'), Type.Literal('msgpack')])),
    mapping: maybe(
      Type.Object(
        {
          id: maybe(pathSchema),
          key_id: maybe(pathSchema),
          vector: maybe(
            Type.Union([vectorSourceSchema, Type.Record(Type.String(), vectorSourceSchema)])
          ),
          payload: maybe(Type.Union([pathSchema, Type.Record(Type.String(), pathSchema)]))
        },
        { additionalProperties: false }
      )
    ),
    start: maybe(ingestStartSchema),
    dead_letter_topic: maybe(Type.String()),
    flush: maybe(flushSchema)
  },
  { additionalProperties: false }
)
export type PutIngestBody = Type.Static<typeof putIngestSchema>

export const resetIngestSchema = Type.Object(
  { start: maybe(ingestStartSchema) },
  { additionalProperties: false }
)
