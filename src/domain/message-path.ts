/** Paths into a message of a topic, such as `after.items[0]."odd name"`. */
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
