/** What the payload operations do, on plain JavaScript values. @see points-and-filters.md §2 and §3.5 of the reference */
export type Json = null | boolean | number | string | Json[] | { [key: string]: Json }
export type Payload = { [key: string]: Json }

type Step = { readonly key: string } | { readonly index: number } | 'every'

export function pathSteps(path: string): Step[] {
  return [...path.matchAll(/"([^"]*)"|([^."[\]]+)|\[(\d*)\]/g)].map(([, quoted, key, index]) => {
    if (index !== undefined) return index === '' ? 'every' : { index: Number(index) }
    return { key: quoted ?? key ?? '' }
  })
}

export function isMap(value: Json | undefined): value is Payload {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** All values at a path. */
export function valuesAt(value: Json, steps: readonly Step[]): Json[] {
  const [step, ...rest] = steps
  if (step === undefined) return [value]
  if (step === 'every') {
    return Array.isArray(value) ? value.flatMap((item) => valuesAt(item, rest)) : []
  }
  if ('index' in step) {
    const item = Array.isArray(value) ? value[step.index] : undefined
    return item === undefined ? [] : valuesAt(item, rest)
  }
  const member = isMap(value) && Object.hasOwn(value, step.key) ? value[step.key] : undefined
  return member === undefined ? [] : valuesAt(member, rest)
}

/** Merges `patch` into the object at a path, which is made when it is missing. */
export function setAt(value: Json, steps: readonly Step[], patch: Payload): Json {
  const [step, ...rest] = steps
  if (step === undefined) return merged(isMap(value) ? value : {}, patch)
  if (step === 'every') {
    return Array.isArray(value) ? value.map((item) => setAt(item, rest, patch)) : []
  }
  if ('index' in step) {
    const list = Array.isArray(value) ? value : []
    return list.map((item, at) => (at === step.index ? setAt(item, rest, patch) : item))
  }
  const map = isMap(value) ? value : {}
  return { ...map, [step.key]: setAt(map[step.key] ?? null, rest, patch) }
}

/** Known keys keep their place, new ones come last, and null takes a key away. */
function merged(into: Payload, patch: Payload): Payload {
  return Object.fromEntries(
    Object.entries({ ...into, ...patch }).filter(
      ([key, value]) => !(value === null && Object.hasOwn(patch, key))
    )
  )
}

export function removeAt(value: Json, steps: readonly Step[]): Json {
  const [step, ...rest] = steps
  const isLast = rest.length === 0
  if (step === undefined) return value
  if (step === 'every' || 'index' in step) {
    if (!Array.isArray(value)) return value
    if (isLast) return step === 'every' ? [] : value
    return value.map((item, at) =>
      step === 'every' || at === step.index ? removeAt(item, rest) : item
    )
  }
  if (!isMap(value) || !Object.hasOwn(value, step.key)) return value
  const { [step.key]: below = null, ...others } = value
  if (isLast) return others
  return Object.fromEntries(
    Object.entries(value).map(([key, member]) => [
      key,
      key === step.key ? removeAt(below, rest) : member
    ])
  )
}
