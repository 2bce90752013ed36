/**
 * The id of a point: an unsigned 64-bit integer as a bigint, or a UUID as its lowercase hyphenated text.
 * All numbers sort before all UUIDs.
 */
export type PointId = bigint | string

export const pointIdMax = 0xffff_ffff_ffff_ffffn

const uuidPattern =
  /^(?:urn:uuid:)?(?:\{([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})\}|([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})|([0-9a-f]{32}))$/i

/** @returns the id that a JSON value spells, or undefined when it is none */
export function pointIdFromJson(value: unknown): PointId | undefined {
  if (typeof value === 'bigint') return value >= 0n && value <= pointIdMax ? value : undefined
  if (typeof value === 'number') {
    return Number.isSafeInteger(value) && value >= 0 ? BigInt(value) : undefined
  }
  return typeof value === 'string' ? parseUuid(value) : undefined
}

/** @returns the id that a path segment spells: a decimal number first, else a UUID */
export function pointIdFromPath(text: string): PointId | undefined {
  if (/^\+?\d{1,20}$/.test(text)) return pointIdFromJson(BigInt(text.replace('+', '')))
  return parseUuid(text)
}

export function comparePointIds(a: PointId, b: PointId): number {
  if (typeof a !== typeof b) return typeof a === 'bigint' ? -1 : 1
  return a < b ? -1 : a > b ? 1 : 0
}

/** @returns the 16 bytes of a lowercase hyphenated UUID, in printed order */
export function uuidBytes(uuid: string): Uint8Array {
  return Uint8Array.from(Buffer.from(uuid.replaceAll('-', ''), 'hex'))
}

export function pointIdFromBytes(bytes: Uint8Array): string {
  return hyphenate(Buffer.from(bytes).toString('hex'))
}

function parseUuid(text: string): string | undefined {
  const match = uuidPattern.exec(text)
  const digits = match?.[1] ?? match?.[2] ?? match?.[3]
  if (match === null || digits === undefined) return undefined
  if (/^urn:/i.test(text) && match[2] === undefined) return undefined
  return hyphenate(digits.replaceAll('-', '').toLowerCase())
}

function hyphenate(hex: string): string {
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`
}
