import type { IngestMapping, IngestSpec } from '../domain/ingest.ts'
import { parseMessagePath } from '../domain/message-path.ts'
import { collectionNameProblem } from '../domain/names.ts'
import { type PutIngestBody, parseRequest, putIngestSchema } from '../domain/schemas/index.ts'
import { EngineError } from '../errors/index.ts'

const flushDefaults = { messages: 4_096, bytes: 1 << 20, ms: 20 }

/**
 * Reads the body that defines an ingest, and fills in what it leaves out.
 *
 * @throws MILLRACE_BODY_*, MILLRACE_INGEST_INVALID, MILLRACE_EMBEDDING_UNKNOWN
 */
export function readIngestSpec(name: string, body: unknown): IngestSpec {
  const given = parseRequest(putIngestSchema, body)
  const format = given.format ?? 'sink'
  if (format === 'sink' && given.mapping) {
    throw invalid('mapping: the format `sink` has its own; choose `json` or `debezium`')
  }
  const problem = collectionNameProblem(given.collection, 'use')
  if (problem !== undefined) throw invalid(`collection: ${problem}`)
  const topics = [...new Set(given.topics)]
  const deadLetters = given.dead_letter_topic ?? `millrace.dead-letters.${name}`
  for (const topic of [...topics, deadLetters]) checkTopic(topic)
  if (topics.includes(deadLetters)) {
    throw invalid('dead_letter_topic: it cannot be one of the topics that are read')
  }
  for (const broker of given.brokers ?? []) checkBroker(broker)
  const mapping = mappingOf(given.mapping ?? {})
  checkPaths(mapping)
  return {
    collection: given.collection,
    topics,
    brokers: given.brokers ?? [],
    format,
    encoding: given.encoding ?? 'json',
    mapping,
    start: given.start ?? 'earliest',
    dead_letter_topic: deadLetters,
    flush: {
      messages: given.flush?.messages ?? flushDefaults.messages,
      bytes: given.flush?.bytes ?? flushDefaults.bytes,
      ms: given.flush?.ms ?? flushDefaults.ms
    }
  }
}

/** It stands in names of topics and of readers at the source. @throws MILLRACE_INGEST_INVALID */
export function checkIngestName(name: string): string {
  if (/^[A-Za-z0-9._-]{1,200}$/.test(name) && !/^\.+$/.test(name)) return name
  throw invalid('name: 1 to 200 letters, digits, dots, hyphens and underscores are allowed')
}

type GivenMapping = NonNullable<PutIngestBody['mapping']>

function mappingOf({ id, key_id, vector, payload }: GivenMapping): IngestMapping {
  return {
    id: id ?? 'id',
    ...(key_id && { key_id }),
    ...(vector && { vector: vectorPaths(vector) }),
    ...(payload && { payload })
  }
}

/** A text to be embedded has its place here; which embeddings there are, nobody has configured. */
function vectorPaths(
  given: NonNullable<GivenMapping['vector']>
): string | Readonly<Record<string, string>> {
  if (typeof given === 'string') return given
  if (isEmbedded(given)) throw unknownEmbedding(given)
  return Object.fromEntries(
    Object.entries(given).map(([name, source]) => {
      if (typeof source !== 'string') throw unknownEmbedding(source)
      return [name, source]
    })
  )
}

interface EmbeddedText {
  readonly text: string
  readonly embedding: string
}

function isEmbedded(given: object): given is EmbeddedText {
  const keys = Object.keys(given)
  return keys.length === 2 && 'text' in given && 'embedding' in given
}

function unknownEmbedding({ embedding }: EmbeddedText): EngineError {
  return new EngineError('MILLRACE_EMBEDDING_UNKNOWN', { embedding })
}

function checkPaths(mapping: IngestMapping): void {
  for (const [member, given] of Object.entries(mapping)) {
    const paths: readonly string[] = typeof given === 'string' ? [given] : Object.values(given)
    const wrong = paths.find((path) => parseMessagePath(path) === undefined)
    if (wrong !== undefined)
      throw invalid(`mapping.${member}: \`${wrong.slice(0, 80)}\` is no path`)
  }
}

function checkTopic(topic: string): void {
  if (/^[A-Za-z0-9._-]{1,249}$/.test(topic) && topic !== '.' && topic !== '..') return
  throw invalid(`\`${topic.slice(0, 80)}\` is no name of a topic`)
}

function checkBroker(broker: string): void {
  if (/^[^\s,:]+:\d{1,5}$/.test(broker)) return
  throw invalid(`brokers: \`${broker.slice(0, 80)}\` is not host:port`)
}

function invalid(reason: string): EngineError {
  return new EngineError('MILLRACE_INGEST_INVALID', { reason })
}
