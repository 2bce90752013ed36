import { EngineError } from '../errors/index.ts'

const nameCharactersMax = 255
const vectorNameBytesMax = 200
const forbiddenInNewNames = ['<', '>', ':', '"', '/', '\\', '|', '?', '*', '\0', '\u001f']
const forbiddenInNames = ['/', '\0']

/** @throws MILLRACE_PATH_PARAMETER_INVALID */
export function checkCollectionName(name: string, purpose: 'create' | 'use'): string {
  const characters = [...name].length
  if (characters < 1 || characters > nameCharactersMax) {
    throw invalid(`name: value length of ${characters} invalid, must be from 1 to 255 characters`)
  }
  const forbidden = purpose === 'create' ? forbiddenInNewNames : forbiddenInNames
  const found = forbidden.find((character) => name.includes(character))
  if (found !== undefined) {
    const shown = found < ' ' ? `\\u${found.charCodeAt(0).toString(16).padStart(4, '0')}` : found
    throw invalid(`name: collection name cannot contain "${shown}" char`)
  }
  return name
}

/** @throws MILLRACE_INPUT_INVALID */
export function checkVectorName(name: string): void {
  const found = forbiddenInNewNames.find((character) => name.includes(character))
  const problem =
    found !== undefined
      ? `it cannot contain "${found}"`
      : Buffer.byteLength(name) > vectorNameBytesMax
        ? `it is longer than ${vectorNameBytesMax} bytes`
        : undefined
  if (problem !== undefined) {
    throw new EngineError('MILLRACE_INPUT_INVALID', {
      reason: `Invalid dense vector name \`${name}\`: ${problem}`
    })
  }
}

function invalid(reason: string): EngineError {
  return new EngineError('MILLRACE_PATH_PARAMETER_INVALID', { reason })
}
