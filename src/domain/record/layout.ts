/**
 * The one description of a record frame. The TypeScript codec reads it directly; the C++ header
 * `native/core/include/millrace/record_layout.generated.h` and the tables of
 * `docs/reference/log-format.md` are generated from it by `npm run generate`.
 *
 * Everything is little-endian. A frame is
 *
 *     header (64 bytes) | section table (24 bytes each) | padding to 64 | sections, each 64-byte aligned
 *
 * Offsets inside a frame count from the frame's first byte. Padding bytes are zero.
 */

export const frameMagic = 0x3152_4c4d // the bytes "MLR1"
export const frameVersion = 1
export const headerBytes = 64
export const sectionEntryBytes = 24
export const sectionAlignment = 64

export type FieldType = 'u8' | 'u16' | 'u32' | 'u64'

export interface Field {
  readonly name: string
  readonly type: FieldType
  readonly at: number
  readonly note: string
}

/** The frame header. `headerCrc` covers bytes 0–59 and the section table; `bodyCrc` all bytes after the table. */
export const headerFields = [
  { name: 'magic', type: 'u32', at: 0, note: 'the bytes `MLR1`' },
  { name: 'version', type: 'u16', at: 4, note: 'format version, 1' },
  { name: 'kind', type: 'u8', at: 6, note: 'operation kind' },
  { name: 'flags', type: 'u8', at: 7, note: 'reserved, 0' },
  {
    name: 'collectionId',
    type: 'u64',
    at: 8,
    note: 'metadata offset of the collection’s creation; 0 in the metadata log'
  },
  { name: 'schemaVersion', type: 'u32', at: 16, note: 'schema the encoder saw' },
  {
    name: 'writerEpoch',
    type: 'u32',
    at: 20,
    note: 'epoch of the writer; lower epochs than the newest seen are refused'
  },
  { name: 'producerId', type: 'u64', at: 24, note: 'who wrote it, for de-duplication' },
  {
    name: 'sequence',
    type: 'u64',
    at: 32,
    note: 'rises by one per producer and partition, from 1'
  },
  { name: 'count', type: 'u32', at: 40, note: 'rows (points) in the record' },
  { name: 'frameBytes', type: 'u32', at: 44, note: 'length of the whole frame, a multiple of 8' },
  { name: 'sectionCount', type: 'u32', at: 48, note: 'entries of the section table' },
  { name: 'reserved', type: 'u32', at: 52, note: '0' },
  { name: 'bodyCrc', type: 'u32', at: 56, note: 'CRC32C of every byte after the section table' },
  {
    name: 'headerCrc',
    type: 'u32',
    at: 60,
    note: 'CRC32C of bytes 0–59 followed by the section table'
  }
] as const satisfies readonly Field[]

/** One entry of the section table. */
export const sectionFields = [
  {
    name: 'kind',
    type: 'u16',
    at: 0,
    note: 'section kind; with bit 15 set a reader that does not know it may ignore it'
  },
  { name: 'encoding', type: 'u16', at: 2, note: 'how the section’s bytes are laid out' },
  {
    name: 'slot',
    type: 'u32',
    at: 4,
    note: 'vector slot for VECTORS, PRESENCE, NORMS, SPARSE, MULTI, KEPT; else 0'
  },
  {
    name: 'offset',
    type: 'u32',
    at: 8,
    note: 'first byte, from the start of the frame; a multiple of 64'
  },
  { name: 'bytes', type: 'u32', at: 12, note: 'length without padding' },
  { name: 'rows', type: 'u32', at: 16, note: 'rows that the section holds' },
  { name: 'reserved', type: 'u32', at: 20, note: '0' }
] as const satisfies readonly Field[]

export const recordKinds = {
  upsert: 1,
  deletePoints: 2,
  deleteByFilter: 3,
  updateVectors: 4,
  deleteVectors: 5,
  setPayload: 6,
  overwritePayload: 7,
  deletePayload: 8,
  clearPayload: 9,
  createFieldIndex: 10,
  deleteFieldIndex: 11,
  createVectorName: 12,
  deleteVectorName: 13,
  expire: 14,
  barrier: 15,
  schema: 16,
  batch: 17,
  metadata: 32,
  // In checkpoint files only: docs/reference/checkpoint-format.md.
  checkpointRows: 48,
  checkpointDeletes: 49,
  checkpointState: 50
} as const

export const sectionKinds = {
  ids: 1,
  vectors: 2,
  presence: 3,
  norms: 4,
  sparse: 5,
  multi: 6,
  payload: 7,
  meta: 8,
  operations: 9,
  /** u64[rows]: the version of each point. In checkpoint files only. */
  versions: 10,
  /** Of one slot, a bitmap of rows bits padded to 8 bytes: the row has the vector that its id had in the files before. In checkpoint files only. */
  kept: 11,
  /** Which part of a user's topic the record holds. Of batches only. */
  source: 12
} as const

export const optionalSectionBit = 0x8000

/** IDS: how the ids are laid out. A UUID is its 16 bytes in printed order. */
export const idEncodings = {
  /** u64[rows] */
  numeric: 0,
  /** 16 bytes × rows */
  uuid: 1,
  /** a bitmap of rows bits (1 = UUID) padded to 8 bytes, then 16 bytes × rows; a number is u64 then eight zero bytes */
  mixed: 2
} as const

/**
 * VECTORS: element type of the contiguous block, one vector after the other, present rows only.
 * MULTI: the same elements. u32[rows + 1] ends of the rows' vectors, rising and starting with 0, then all of the vectors.
 */
export const vectorEncodings = { f32: 0, f16: 1, u8: 2 } as const

/**
 * SPARSE: present rows only, as VECTORS. u32[rows + 1] ends of the rows' entries, starting with 0, then the index of each
 * entry as u32, rising within a row, then its value.
 */
export const sparseEncodings = { f32: 0 } as const

/** PAYLOAD: u32[rows + 1] text offsets relative to the end of that table, then UTF-8 JSON objects; an empty text is no payload. */
export const payloadEncodings = { json: 0 } as const

/** OPERATIONS: u32[rows + 1] offsets of frames as in PAYLOAD, then whole frames without a seal, one for each operation. */
export const operationsEncodings = { frames: 0 } as const

/**
 * SOURCE: what the record takes the place of, `first` to `next` of one partition of a topic of users:
 *
 *     0 ingest u64 | 8 first u64 | 16 next u64 | 24 partition u32 | 28 topic bytes u32 | 32 topic, UTF-8
 */
export const sourceEncodings = { range: 0 } as const

/** META: one plain MessagePack map. */
export const metaEncodings = { messagePack: 0 } as const
