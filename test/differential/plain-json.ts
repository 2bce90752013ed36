/** JSON read without any cleverness: what a body says, with the texts of its numbers and strings. */
export type PlainJson =
  | { readonly kind: 'object'; readonly members: Map<string, PlainMember> }
  | { readonly kind: 'list'; readonly items: PlainJson[] }
  | { readonly kind: 'string' | 'number' | 'literal'; readonly text: string }

export interface PlainMember {
  readonly keyText: string
  readonly value: PlainJson
}

const token = /[ \n\r\t]*("(?:[^"\\]|\\.)*"|[^\s{}[\],:"]+|[{}[\],:])/y

/** @param text  valid JSON. Of repeated members the last value stands at the place of the first. */
export function readPlainly(text: string): PlainJson {
  const tokens: string[] = []
  token.lastIndex = 0
  for (let found = token.exec(text); found !== null; found = token.exec(text))
    tokens.push(found[1] ?? '')
  tokens.reverse()
  return readValue(tokens)
}

function readValue(rest: string[]): PlainJson {
  const text = rest.pop() ?? ''
  if (text === '{') return { kind: 'object', members: readMembers(rest) }
  if (text === '[') return { kind: 'list', items: readItems(rest) }
  if (text.startsWith('"')) return { kind: 'string', text }
  return { kind: /^[-\d]/.test(text) ? 'number' : 'literal', text }
}

function readMembers(rest: string[]): Map<string, PlainMember> {
  const members = new Map<string, PlainMember>()
  while (rest.at(-1) !== '}') {
    const keyText = rest.pop() ?? ''
    const key = JSON.parse(keyText)
    rest.pop() // the colon
    const value = readValue(rest)
    members.set(key, { keyText: members.get(key)?.keyText ?? keyText, value })
    if (rest.at(-1) === ',') rest.pop()
  }
  rest.pop()
  return members
}

function readItems(rest: string[]): PlainJson[] {
  const items: PlainJson[] = []
  while (rest.at(-1) !== ']') {
    items.push(readValue(rest))
    if (rest.at(-1) === ',') rest.pop()
  }
  rest.pop()
  return items
}

export function minified(json: PlainJson): string {
  if (json.kind === 'list') return `[${json.items.map(minified).join(',')}]`
  if (json.kind !== 'object') return json.text
  const members = [...json.members.values()]
  return `{${members.map(({ keyText, value }) => `${keyText}:${minified(value)}`).join(',')}}`
}

export function member(json: PlainJson | undefined, name: string): PlainJson | undefined {
  if (json?.kind !== 'object') return undefined
  const value = json.members.get(name)?.value
  return value?.kind === 'literal' && value.text === 'null' ? undefined : value
}

export function itemsOf(json: PlainJson | undefined): readonly PlainJson[] {
  return json?.kind === 'list' ? json.items : []
}
