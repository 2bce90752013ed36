import { EngineError } from '../errors/index.ts'
import { type JsonPath, readJson } from './json-reader.ts'

/**
 * Integers are told from floats by their spelling: an id or a value to match may not be `1.0`, which a parsed body no
 * longer shows.
 *
 * @param text  valid JSON
 * @throws MILLRACE_BODY_MALFORMED
 */
export function checkSpelling(text: string): void {
  if (!mayHoldIntegers.test(text) || !hasWholeFloat.test(text)) return
  readJson(text, {
    number: (path, spelled) => {
      if (/^-?\d+$/.test(spelled) || !isIntegerPlace(path)) return
      throw new EngineError('MILLRACE_BODY_MALFORMED', {
        reason: `${path.join('.')}: invalid value \`${spelled}\`, expected an integer`
      })
    }
  })
}

const mayHoldIntegers = /"(?:match|has_id|points|ids)"/
const hasWholeFloat = /\d\.0+(?!\d)|\d[eE]\+?\d/

function isIntegerPlace(path: JsonPath): boolean {
  // A payload may look like anything.
  if (path.includes('payload')) return false
  const [last, parent, grandparent] = [path.at(-1), path.at(-2), path.at(-3)]
  if (parent === 'match') return last === 'value'
  if (grandparent === 'match') return parent === 'any' || parent === 'except'
  return parent === 'has_id' || (path.length === 2 && (parent === 'points' || parent === 'ids'))
}
