/** Follows paths into JSON texts; what they find keeps every digit. */
import { jsonItems, jsonMembers } from '../engine/index.ts'

/**
 * @param text  valid JSON
 * @returns     the text of what the steps lead to, a view of `text`; undefined when there is nothing, or null
 */
export function textAt(
  text: Buffer,
  steps: readonly (string | number)[],
  depthMax: number
): Buffer | undefined {
  let found: Buffer | undefined = text
  for (const step of steps) {
    found =
      typeof step === 'number'
        ? jsonItems(found, depthMax)?.[step]
        : jsonMembers(found, depthMax)?.get(step)
    if (found === undefined) return undefined
  }
  return isNull(found) ? undefined : found
}

export function isNull(text: Buffer): boolean {
  return text.length < 16 && text.toString('latin1').trim() === 'null'
}
