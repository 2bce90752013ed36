/** Watches a text being read. `path` leads to the object or value and changes as reading goes on. */
export interface JsonWatcher {
  /** A member's name, before its value is read. */
  member?(path: JsonPath, name: string, isRepeated: boolean): void
  number?(path: JsonPath, text: string): void
}

export type JsonPath = readonly (string | number)[]

/**
 * Reads a JSON text for what `JSON.parse` cannot tell: integers beyond 2^53 come as bigints, and a watcher sees the
 * spelling of numbers and repeated members. Of repeated members the last one stands.
 *
 * @param text  valid and not deeper than 512 levels, as `checkJson` has found it
 */
export function readJson(text: string, watcher: JsonWatcher = {}): unknown {
  return new JsonReader(text, watcher).value()
}

class JsonReader {
  readonly #text: string
  readonly #watcher: JsonWatcher
  readonly #path: (string | number)[] = []
  #at = 0

  constructor(text: string, watcher: JsonWatcher) {
    this.#text = text
    this.#watcher = watcher
  }

  value(): unknown {
    switch (this.#peek()) {
      case '{':
        return this.#object()
      case '[':
        return this.#list()
      case '"':
        return this.#string()
      case 't':
        return this.#literal('true', true)
      case 'f':
        return this.#literal('false', false)
      case 'n':
        return this.#literal('null', null)
      default:
        return this.#number()
    }
  }

  #object(): object {
    const object = {}
    const depth = this.#path.length
    while (this.#next('}')) {
      const name = this.#string()
      this.#watcher.member?.(this.#path, name, Object.hasOwn(object, name))
      this.#peek()
      this.#at++ // the colon
      this.#path.push(name)
      // A plain assignment of `__proto__` would change the prototype.
      const described = {
        value: this.value(),
        writable: true,
        enumerable: true,
        configurable: true
      }
      Object.defineProperty(object, name, described)
      this.#path.length = depth
    }
    return object
  }

  #list(): unknown[] {
    const list: unknown[] = []
    const depth = this.#path.length
    while (this.#next(']')) {
      this.#path.push(list.length)
      list.push(this.value())
      this.#path.length = depth
    }
    return list
  }

  /** Steps over the bracket or comma here. @returns false at the closing bracket, which it steps over too */
  #next(close: ']' | '}'): boolean {
    const isEnd = this.#peek() === close
    this.#at++
    if (isEnd) return false
    if (this.#peek() !== close) return true
    this.#at++
    return false
  }

  #string(): string {
    this.#peek()
    const begin = this.#at
    let end = begin
    let hasEscape = false
    do {
      end = this.#text.indexOf('"', end + 1)
      const isEscaped = backslashesBefore(this.#text, end) % 2 === 1
      hasEscape ||= isEscaped
      if (!isEscaped) break
    } while (end > 0)
    this.#at = end + 1
    const raw = this.#text.slice(begin + 1, end)
    return hasEscape || raw.includes('\\') ? String(JSON.parse(`"${raw}"`)) : raw
  }

  #number(): number | bigint {
    const begin = this.#at
    while (numberCharacters.has(this.#text[this.#at] ?? '')) this.#at++
    const text = this.#text.slice(begin, this.#at)
    this.#watcher.number?.(this.#path, text)
    const number = Number(text)
    return Number.isInteger(number) && !Number.isSafeInteger(number) && /^-?\d+$/.test(text)
      ? BigInt(text)
      : number
  }

  #literal<Value>(text: string, value: Value): Value {
    this.#at += text.length
    return value
  }

  /** Steps over white space. */
  #peek(): string | undefined {
    while (whiteSpace.has(this.#text[this.#at] ?? '')) this.#at++
    return this.#text[this.#at]
  }
}

const whiteSpace: ReadonlySet<string> = new Set(' \n\r\t')
const numberCharacters: ReadonlySet<string> = new Set('0123456789+-.eE')

function backslashesBefore(text: string, end: number): number {
  let at = end
  while (text[at - 1] === '\\') at--
  return end - at
}
