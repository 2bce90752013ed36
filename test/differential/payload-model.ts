import { minified, type PlainJson, type PlainMember, readPlainly } from './plain-json.ts'

/** A step of a JSON path: a key, a place of an array, or every element. */
export type PlainStep = { readonly key: string } | { readonly index: number } | 'every'

const stepPattern = /(?:^|\.)(?:"([^"\\]*)"|([\p{L}\p{N}_-]+))|\[(\d*)\]/gu

export function readPath(text: string): PlainStep[] {
  return [...text.matchAll(stepPattern)].map(([, quoted, plain, index]) => {
    if (index === undefined) return { key: quoted ?? plain ?? '' }
    return index === '' ? 'every' : { index: Number(index) }
  })
}

/** The values that a path leads to; an array at its end is one value. */
export function valuesAt(json: PlainJson, path: readonly PlainStep[]): PlainJson[] {
  const [step, ...rest] = path
  if (step === undefined) return [json]
  if (step !== 'every' && 'key' in step) {
    const found = json.kind === 'object' ? json.members.get(step.key) : undefined
    return found === undefined ? [] : valuesAt(found.value, rest)
  }
  const items = json.kind === 'list' ? json.items : []
  const chosen = step === 'every' ? items : items.slice(step.index, step.index + 1)
  return chosen.flatMap((item) => valuesAt(item, rest))
}

/** Merges `patch` into the object at the path, making it and what leads to it. */
export function withSet(json: PlainJson, path: readonly PlainStep[], patch: PlainJson): PlainJson {
  const [step, ...rest] = path
  if (step === undefined) return merged(asObject(json), patch)
  if (step !== 'every' && 'key' in step) {
    const members = new Map(asObject(json).members)
    const old = members.get(step.key)
    const value = withSet(old?.value ?? emptyObject(), rest, patch)
    members.set(step.key, { keyText: old?.keyText ?? JSON.stringify(step.key), value })
    return { kind: 'object', members }
  }
  if (json.kind !== 'list') return emptyList()
  const takes = (index: number) => step === 'every' || step.index === index
  const items = json.items.map((item, index) => (takes(index) ? withSet(item, rest, patch) : item))
  return { kind: 'list', items }
}

export function withoutPath(json: PlainJson, path: readonly PlainStep[]): PlainJson {
  const [step, ...rest] = path
  if (step === undefined) return json
  if (step !== 'every' && 'key' in step) {
    if (json.kind !== 'object') return json
    const members = new Map(json.members)
    const old = members.get(step.key)
    if (old === undefined) return json
    if (rest.length === 0) members.delete(step.key)
    else members.set(step.key, { ...old, value: withoutPath(old.value, rest) })
    return { kind: 'object', members }
  }
  if (json.kind !== 'list') return json
  if (rest.length === 0) return step === 'every' ? emptyList() : json
  const takes = (index: number) => step === 'every' || step.index === index
  const items = json.items.map((item, index) => (takes(index) ? withoutPath(item, rest) : item))
  return { kind: 'list', items }
}

export function readPayload(text: string): PlainJson {
  return text === '' ? emptyObject() : readPlainly(text)
}

export function payloadText(json: PlainJson): string {
  return minified(json)
}

function merged(target: PlainJson & { kind: 'object' }, patch: PlainJson): PlainJson {
  const members = new Map<string, PlainMember>(target.members)
  for (const [key, { keyText, value }] of asObject(patch).members) {
    if (value.kind === 'literal' && value.text === 'null') members.delete(key)
    else members.set(key, { keyText: members.get(key)?.keyText ?? keyText, value })
  }
  return { kind: 'object', members }
}

function asObject(json: PlainJson): PlainJson & { kind: 'object' } {
  return json.kind === 'object' ? json : emptyObject()
}

function emptyObject(): PlainJson & { kind: 'object' } {
  return { kind: 'object', members: new Map() }
}

function emptyList(): PlainJson {
  return { kind: 'list', items: [] }
}
