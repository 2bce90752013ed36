/** Writes the reference pages that come from tables in the source. */
import { configReference } from '../src/config/describe.ts'
import * as layout from '../src/domain/record/layout.ts'
import { type ErrorSpec, errorSpecs } from '../src/errors/codes.ts'
import { failureKinds } from '../src/errors/kinds.ts'

export function generatedDocs(): ReadonlyMap<string, string> {
  return new Map([
    ['docs/reference/config.md', configReference()],
    ['docs/reference/errors.md', errorReference()],
    ['docs/reference/log-format.md', logFormatReference()]
  ])
}

function errorReference(): string {
  const rows = Object.entries<ErrorSpec>(errorSpecs).map(([code, { kind, retryable, message }]) => {
    const { http, grpc, prefix } = failureKinds[kind]
    const text = `${prefix}${message}`.replaceAll('|', '\\|')
    return `| \`${code}\` | ${http} | ${grpc} | ${retryable ? 'yes' : 'no'} | ${text} |`
  })
  return `<!-- Generated from src/errors/codes.ts by \`npm run generate\`. Do not edit. -->
# Errors

Every failure has a code that never changes; match on it, not on the text. REST answers
\`{ "status": { "error": <message>, "code": <code> }, "time": <seconds> }\` with the status below. Retryable means that the
same request may succeed later. \`{name}\` stands for a detail of the failure.

| code | HTTP | gRPC | retryable | message |
|---|---|---|---|---|
${rows.join('\n')}
`
}

function logFormatReference(): string {
  return `<!-- Generated from src/domain/record/layout.ts by \`npm run generate\`. Do not edit. -->
# The record, byte by byte

Everything that ever changes is a record of the log, and a record is one frame. This page is format version
${layout.frameVersion}. How frames are grouped into batches and files is said in [log-segments.md](log-segments.md).

\`\`\`
 0                64              64 + 24·sections
 ┌────────────────┬───────────────┬───┬───────────┬───┬───────────┬───┐
 │ header         │ section table │ 0 │ section 0 │ 0 │ section 1 │ … │
 └────────────────┴───────────────┴───┴───────────┴───┴───────────┴───┘
                                  sections start at multiples of ${layout.sectionAlignment}; the frame ends at a multiple of 8
\`\`\`

Numbers are little-endian. Offsets count from the first byte of the frame. Padding is zero. The CRCs are CRC-32C
(Castagnoli). Encoders convert, apply copies: vectors stand in the frame as they will be stored.

## Header, ${layout.headerBytes} bytes

${fieldTable(layout.headerFields)}

## Section table, ${layout.sectionEntryBytes} bytes an entry

${fieldTable(layout.sectionFields)}

A reader refuses a section kind that it does not know, unless bit 15 (0x${layout.optionalSectionBit.toString(16)}) is set: then it skips it.

## Operation kinds

${numberTable(layout.recordKinds)}

A reader that does not know a kind stops at that record and says so; it never skips it.

## Section kinds

${numberTable(layout.sectionKinds)}

| section | encodings | bytes |
|---|---|---|
| IDS | ${encodings(layout.idEncodings)} | numeric: u64[rows]. uuid: 16 bytes in printed order × rows. mixed: a bitmap of rows bits (1 = UUID) padded to 8 bytes, then 16 bytes × rows, a number being a u64 and eight zero bytes |
| VECTORS | ${encodings(layout.vectorEncodings)} | one contiguous block, vector after vector, for the rows that have this vector. f16 is IEEE 754 binary16. The encoding is the \`datatype\` of the slot |
| PRESENCE | 0 | a bitmap over the rows of the record, padded to 8 bytes; absent when every row has the vector of this slot |
| NORMS | 0 | f32[rows of VECTORS, or all vectors of MULTI]: the length that normalisation took away, 1 where nothing was changed |
| SPARSE | ${encodings(layout.sparseEncodings)} | for the rows that have this vector: u32[rows + 1] ends of their entries, counted in entries and starting with 0, then the index of each entry as u32, rising within a row, then the value of each as f32 |
| MULTI | ${encodings(layout.vectorEncodings)} | multivectors, for the rows that have this one: u32[rows + 1] ends of their vectors, counted in vectors and starting with 0, each row with at least one, then all vectors as in VECTORS |
| PAYLOAD | ${encodings(layout.payloadEncodings)} | u32[rows + 1] ends of texts, counted from the end of this table and starting with 0, then the texts: UTF-8 JSON objects, minified, number tokens verbatim, key order kept, of duplicate keys the last. An empty text is no payload |
| META | ${encodings(layout.metaEncodings)} | one plain MessagePack map |
| OPERATIONS | ${encodings(layout.operationsEncodings)} | u32[rows + 1] ends of frames as in PAYLOAD, then one frame after the other, each whole but for its seal: producer, sequence, epoch and header CRC are 0 |
| VERSIONS | 0 | u64[rows], in checkpoints only |
| KEPT | 0 | of a slot, a bitmap over the rows of the frame, padded to 8 bytes, in checkpoints only: such a row has the vector that its id had in the files before |
| SOURCE | ${encodings(layout.sourceEncodings)} | of a batch that an ingest wrote: ingest u64, first u64, next u64, partition u32, length of the topic’s name u32, the name in UTF-8 |

Kinds ${layout.recordKinds.checkpointRows} to ${layout.recordKinds.checkpointState} are no records: [a checkpoint's files](checkpoint-format.md) consist of them.

## META of each kind

| kind | map |
|---|---|
| schema | \`version\` u32, \`versionBase\` u64, \`shard\` u32, \`vectors\`: list of \`{slot, name, size, distance}\`, with \`datatype\` (\`float16\`, \`uint8\`) when that is not float32 and \`multi: true\` for a multivector, and when there are any, \`sparse\`: list of \`{slot, name}\` |
| upsert | none, or \`mode\`: \`insert_only\` leaves ids alone that exist, \`update_only\` those that do not; \`filter\`: points that exist and do not match are left alone |
| deleteByFilter | \`filter\` |
| updateVectors | none, or \`filter\`: points that do not match are left alone |
| deleteVectors | \`slots\`: list of u32; \`filter\`: points besides those of IDS |
| setPayload | \`payload\`: text of a JSON object; \`key\`: the JSON path that it is merged into; \`filter\` |
| overwritePayload | \`payload\`; \`filter\` |
| deletePayload | \`keys\`: list of JSON paths; \`filter\` |
| clearPayload | none, or \`filter\` |
| metadata | \`command\`: \`{type: "createCollection", name, spec}\`, \`{type: "updateCollection", name, patch}\`, \`{type: "deleteCollection", name}\`, \`{type: "createVector", name, vector, config}\`, \`{type: "deleteVector", name, vector}\`, \`{type: "changeAliases", actions}\`, patch and actions as in REST, or of an ingest \`{type: "putIngest", name, spec, node}\`, \`{type: "deleteIngest" or "pauseIngest", name}\`, \`{type: "resumeIngest", name, node}\`, \`{type: "resetIngest", name, start}\`; \`limits\`: \`{collections, aliases?, metadataBytes?}\`. Or \`snapshot\`: \`{nextOffset, collections, aliases}\`, the state before this record when \`nextOffset\` is its own offset, and else nothing |

The payload operations touch the points of IDS when the record has that section, and else those that match \`filter\`. Ids that no
point has do not stop the others; the record's outcome names the first of them. A \`batch\` holds OPERATIONS alone, none of them a
batch: they are applied in order up to the first that is rejected, under one offset. What \`filter\` holds is said in
\`native/core/include/millrace/filter.h\`; it is evaluated on the state before the operation.

A batch with a SOURCE is applied as a whole or not at all. A shard keeps the position of each (ingest, topic, partition): the
\`next\` of the newest such batch. One whose \`first\` lies before that position has been applied already and is ignored
(MILLRACE_SOURCE_APPLIED), one whose \`first\` lies behind it leaves something out and is rejected (MILLRACE_SOURCE_GAP). The first
batch of a source may begin anywhere. Of more than 65,536 sources the one whose last batch is oldest is forgotten.

A point's \`version\` is \`versionBase\` + the offset of its record. Ids fall into 4096 buckets, \`xxh64(id as 8
little-endian bytes or 16 UUID bytes, seed 0) & 4095\`; a collection's generation maps buckets to shards, and shard n reads
partition n of topic \`c<collectionId>.g<generation>\`.

## The digest of a shard

Two sums modulo 2^128 of component hashes. A component is a prefix of u64 words and some bytes; its hash is the pair
(high, low) of \`xxh64(bytes, seed = xxh64(prefix, S))\` with S = 0x6d696c6c72616365 and 0x6469676573743031. The first word of the
prefix says which component it is.

| component | prefix after its number | bytes | in the sum with versions | in the sum of content |
|---|---|---|---|---|
| 1 point | id | – | | yes |
| 2 version | id, version | – | yes | |
| 3 vector | id, slot, bits of the removed norm (0: none) | stored vector; of a sparse one its indices, then its values; of a multivector the removed norms of its vectors where it has them, then the vectors, the norm in the prefix being 0 | yes | yes |
| 4 payload | id | stored text; none when empty | yes | yes |
| 5 schema | version, version base, shard | – | yes | |
| 6 schema content, one a vector | slot, size (sparse: 0), distance (0 cosine, 1 dot and sparse, 2 euclid, 3 manhattan) + 256 × datatype (0 float32, 1 float16, 2 uint8) + 65536 for a multivector | the vector’s name | yes | yes |
| 7 producer | producer, last sequence, its offset | – | yes | |
| 8 epoch | newest writer epoch | – | yes | |
| 9 source | ingest, partition, position, offset of its newest batch | the topic’s name | yes | |

An id is three words: 1 for a UUID or 0, then its upper and its lower half (a UUID's bytes read big-endian; a number is the lower).
Replicas at one offset have one digest; the sum of content is equal across generations as well.

Golden frames of each version stand in \`test/fixtures/frames\`; the TypeScript and the C++ decoder both read them.
\`millrace log dump DATA\` prints a log record by record.
`
}

function fieldTable(fields: readonly layout.Field[]): string {
  const rows = fields.map(
    ({ at, type, name, note }) => `| ${at} | ${type} | \`${name}\` | ${note} |`
  )
  return ['| at | type | field | meaning |', '|---|---|---|---|', ...rows].join('\n')
}

function numberTable(numbers: Readonly<Record<string, number>>): string {
  const rows = Object.entries(numbers).map(([name, value]) => `| ${value} | \`${name}\` |`)
  return ['| value | name |', '|---|---|', ...rows].join('\n')
}

function encodings(names: Readonly<Record<string, number>>): string {
  return Object.entries(names)
    .map(([name, value]) => `${value} ${name}`)
    .join(', ')
}
