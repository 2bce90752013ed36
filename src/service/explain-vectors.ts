/** Says what is wrong with the vectors of a point. */
import { defaultVectorName, type VectorSlot } from '../domain/collection.ts'
import { EngineError } from '../errors/index.ts'
import { type JsonPath, readJson } from './json-reader.ts'
import { readPointId } from './point-ids.ts'

/** @throws the first thing that is wrong; absent vectors are right */
export function checkVector(vector: unknown, path: string, slots: readonly VectorSlot[]): void {
  if (vector === undefined || vector === null) return
  if (Array.isArray(vector)) {
    checkDense(vector, path, defaultVectorName, slots)
    return
  }
  if (typeof vector !== 'object') throw malformed(`${path}: expected some form of vector`)
  // A vector may have any of these names; an inference object has a text or an object under it.
  if (['text', 'image', 'object'].some((name) => isInference(Reflect.get(vector, name)))) {
    throw unsupported('server-side inference', 'send the vector itself')
  }
  for (const [name, value] of Object.entries(vector)) {
    if (!Array.isArray(value)) {
      throw unsupported(
        `${path}.${name}: a vector that is no list of numbers`,
        'send a dense vector'
      )
    }
    checkDense(value, `${path}.${name}`, name, slots)
  }
}

function isInference(value: unknown): boolean {
  return value !== undefined && value !== null && !Array.isArray(value)
}

export function checkDense(
  vector: readonly unknown[],
  path: string,
  name: string,
  slots: readonly VectorSlot[]
): void {
  if (vector.length === 0) {
    throw new EngineError('MILLRACE_BODY_INVALID', {
      reason: `${path}: dense vector must not be empty`
    })
  }
  const wrong = vector.findIndex(
    (component) => typeof component !== 'number' && typeof component !== 'bigint'
  )
  if (wrong >= 0) {
    const isMulti = Array.isArray(vector[wrong])
    if (isMulti) throw unsupported(`${path}: a multivector`, 'store one vector a point')
    throw malformed(`${path}[${wrong}]: invalid type, expected a number`)
  }
  const slot = findSlot(name, slots)
  if (vector.length !== slot.size) {
    throw new EngineError('MILLRACE_VECTOR_DIMENSION_MISMATCH', {
      expected: slot.size,
      actual: vector.length
    })
  }
  if (vector.some((component) => !Number.isFinite(Math.fround(Number(component))))) {
    throw malformed(`${path}: number out of range`)
  }
}

export function findSlot(name: string, slots: readonly VectorSlot[]): VectorSlot {
  const slot = slots.find((candidate) => candidate.name === name)
  if (slot === undefined) throw new EngineError('MILLRACE_VECTOR_NAME_UNKNOWN', { name })
  return slot
}

/**
 * What a parsed body no longer shows: members given twice, and ids with a sign, a fraction or an exponent.
 *
 * @param form  where the ids are, and the members that mean something; `*` stands for any step
 */
export function checkSpelledPoints(
  text: string,
  form: { readonly id: readonly string[]; readonly members: readonly (readonly string[])[] }
): void {
  readJson(text, {
    number: (path, spelled) => {
      if (matches(path, form.id) && !/^\d+$/.test(spelled)) readPointId(spelled)
    },
    member: (path, name, isRepeated) => {
      if (!isRepeated) return
      const isOurs = form.members.some((pattern) => matches([...path, name], pattern))
      if (isOurs) throw malformed(`duplicate field \`${name}\``)
    }
  })
}

function matches(path: JsonPath, pattern: readonly string[]): boolean {
  return (
    path.length === pattern.length &&
    pattern.every((step, index) => step === '*' || step === path[index])
  )
}

export function malformed(reason: string): EngineError {
  return new EngineError('MILLRACE_BODY_MALFORMED', { reason })
}

function unsupported(option: string, remedy: string): EngineError {
  return new EngineError('MILLRACE_OPTION_UNSUPPORTED', { option, remedy })
}
