import { type PointId, pointIdFromJson, pointIdFromPath, pointIdMax } from '../domain/point-id.ts'

/**
 * Reads an id more kindly than the API does: sources write whole numbers as 7.0 or 7e0, and numbers or UUIDs as texts.
 *
 * @param text  of a JSON value
 * @returns     undefined when it is no id
 */
export function readIdText(text: string): PointId | undefined {
  const trimmed = text.trim()
  if (trimmed.startsWith('"')) {
    const inner: unknown = JSON.parse(trimmed)
    return typeof inner === 'string' ? (pointIdFromJson(inner) ?? decimal(inner)) : undefined
  }
  return decimal(trimmed) ?? wholeNumber(trimmed)
}

/** Reads a key that is not JSON: digits or a UUID. */
export function readBareId(text: string): PointId | undefined {
  return pointIdFromPath(text)
}

function decimal(text: string): bigint | undefined {
  if (!/^\d{1,20}$/.test(text)) return undefined
  const id = BigInt(text)
  return id <= pointIdMax ? id : undefined
}

/** Beyond 2^53 a fraction or an exponent has lost digits already. */
function wholeNumber(text: string): bigint | undefined {
  const value = Number(text)
  return /^\d/.test(text) && Number.isSafeInteger(value) && value >= 0 ? BigInt(value) : undefined
}

/** @returns the JSON text of an id */
export function idText(id: PointId): string {
  return typeof id === 'bigint' ? id.toString() : `"${id}"`
}
