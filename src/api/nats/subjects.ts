/**
 * The subjects of the service:
 *
 *     <prefix>.v1.<operation>                       about the whole service
 *     <prefix>.v1.<collection token>.<operation>    about one collection
 *
 * A collection's token is its name, or `=` and the base32 of its UTF-8 bytes when the name has other characters than
 * letters, digits, `_` and `-`.
 */
import { isOfCollection, type Operation } from '../operations/index.ts'

/** What an operation's endpoint listens to. */
export function endpointSubject(prefix: string, operation: Operation): string {
  return `${prefix}.v1.${isOfCollection(operation) ? '*.' : ''}${operation.name}`
}

/** @param collection  a name or an alias */
export function collectionToken(collection: string): string {
  return /^[\w-]+$/.test(collection) ? collection : `=${base32(Buffer.from(collection, 'utf8'))}`
}

/**
 * @param subject  as `endpointSubject` with the collection's token
 * @returns        the name; undefined when the token is that of no name
 */
export function collectionOfSubject(subject: string): string | undefined {
  const [, token = ''] = /\.([^.]+)\.[^.]+$/.exec(subject) ?? []
  const name = token.startsWith('=') ? fromBase32(token.slice(1))?.toString('utf8') : token
  // Each name has one token: permissions on subjects would not hold if it had another, of other case or in base32.
  return name !== undefined && collectionToken(name) === token ? name : undefined
}

const digits = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'

/** RFC 4648, without padding. */
function base32(bytes: Buffer): string {
  let text = ''
  let bits = 0
  let value = 0
  for (const byte of bytes) {
    value = (value << 8) | byte
    bits += 8
    while (bits >= 5) {
      bits -= 5
      text += digits[(value >>> bits) & 31]
    }
    value &= (1 << bits) - 1
  }
  return bits > 0 ? text + digits[(value << (5 - bits)) & 31] : text
}

function fromBase32(text: string): Buffer | undefined {
  const bytes: number[] = []
  let bits = 0
  let value = 0
  for (const character of text) {
    const digit = digits.indexOf(character)
    if (digit < 0) return undefined
    value = (value << 5) | digit
    bits += 5
    if (bits >= 8) {
      bits -= 8
      bytes.push((value >>> bits) & 255)
    }
    value &= (1 << bits) - 1
  }
  // What is left over pads the last digit and is zero.
  return value === 0 && bits < 5 ? Buffer.from(bytes) : undefined
}
