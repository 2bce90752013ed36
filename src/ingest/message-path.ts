/** Paths into a message, such as `after.items[0]."odd name"`; the texts that they find keep every digit. */
import { jsonItems, jsonMembers } from '../engine/index.ts'

export interface MessagePath {
  readonly root: 'value' | 'key'
  readonly steps: readonly (string | number)[]
}

const stepPattern = /\.?(?:([^.[\]"$][^.[\]"]*)|"([^"]+)"|\[(\d{1,6})\])/y

/** @returns undefined for a text that is no path. `$` is the whole value, `$key` the whole key. */
export function parseMessagePath(text: string): MessagePath | undefined {
  const rooted = /^\$(key)?(?=$|[.[])/.exec(text)
  if (rooted === null && /^(?:$|[.$[])/.test(text)) return undefined
  const steps: (string | number)[] = []
  stepPattern.lastIndex = rooted?.[0].length ?? 0
  while (stepPattern.lastIndex < text.length) {
    const match = stepPattern.exec(text)
    if (match === null) return undefined
    const [, name, quoted, index] = match
    steps.push(index === undefined ? (name ?? quoted ?? '') : Number(index))
  }
  return { root: rooted?.[1] === undefined ? 'value' : 'key', steps }
}

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
