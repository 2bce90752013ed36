import { EngineError } from '../errors/index.ts'

const nameCharactersMax = 255
const vectorNameBytesMax = 200
const forbiddenInNewNames = ['<', '>', ':', '"', '/', '\\', '|', '?', '*', '\0', '\u001f']
const forbiddenInNames = ['/', '\0']

/** @throws MILLRACE_PATH_PARAMETER_INVALID */
export function checkCollectionName(name: string, purpose: 'create' | 'use'): string {
  const problem = collectionNameProblem(name, purpose)
  if (problem === undefined) return name
  throw new EngineError('MILLRACE_PATH_PARAMETER_INVALID', { reason: `name: ${problem}` })
}

/** @returns what is wrong with a name of a collection or an alias, undefined when nothing is */
export function collectionNameProblem(name: string, purpose: 'create' | 'use'): string | undefined {
  const characters = [...name].length
  if (characters < 1 || characters > nameCharactersMax) {
    return `value length of ${characters} invalid, must be from 1 to 255 characters`
  }
  const forbidden = purpose === 'create' ? forbiddenInNewNames : forbiddenInNames
  const found = forbidden.find((character) => name.includes(character))
  if (found === undefined) return undefined
  const shown = found < ' ' ? `\\u${found.charCodeAt(0).toString(16).padStart(4, '0')}` : found
  return `collection name cannot contain "${shown}" char`
}

/** @throws MILLRACE_INPUT_INVALID */
export function checkVectorName(name: string, kind: 'dense' | 'sparse'): void {
  const found = forbiddenInNewNames.find((character) => name.includes(character))
  const problem =
    found !== undefined
      ? `it cannot contain "${found}"`
      : Buffer.byteLength(name) > vectorNameBytesMax
        ? `it is longer than ${vectorNameBytesMax} bytes`
        : undefined
  if (problem !== undefined) {
    throw new EngineError('MILLRACE_INPUT_INVALID', {
      reason: `Invalid ${kind} vector name \`${name}\`: ${problem}`
    })
  }
}
