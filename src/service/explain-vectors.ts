/** Says what is wrong with the vectors of a point. */
import { type AnySlot, defaultVectorName, isSparse } from '../domain/collection.ts'
import { multiVectorProblem } from '../domain/multi-vector.ts'
import { type SparseVector, sparseProblem } from '../domain/sparse-vector.ts'
import { EngineError } from '../errors/index.ts'
import { type JsonPath, readJson } from './json-reader.ts'
import { readPointId } from './point-ids.ts'

/** @throws the first thing that is wrong; absent vectors are right */
export function checkVector(vector: unknown, path: string, slots: readonly AnySlot[]): void {
  if (vector === undefined || vector === null) return
  if (Array.isArray(vector)) {
    checkList(vector, path, `${path}.?`, defaultVectorName, slots)
    return
  }
  if (typeof vector !== 'object') throw malformed(`${path}: expected some form of vector`)
  // A vector may have any of these names; an inference object has a text or an object under it.
  if (['text', 'image', 'object'].some((name) => isInference(Reflect.get(vector, name)))) {
    throw unsupported('server-side inference', 'send the vector itself')
  }
  for (const [name, value] of Object.entries(vector)) {
    if (Array.isArray(value)) checkList(value, `${path}.${name}`, `${path}.?`, name, slots)
    else checkSparse(value, `${path}.?`, name, slots)
  }
}

/** @param path  as errors name it: values of maps stand under `?` */
export function checkSparse(
  value: unknown,
  path: string,
  name: string,
  slots: readonly AnySlot[]
): void {
  if (!isSparseVector(value)) throw malformed(`${path}: expected some form of vector`)
  const reason = sparseProblem(value, path)
  if (reason !== undefined) throw new EngineError('MILLRACE_BODY_INVALID', { reason })
  if (!isSparse(findSlot(name, slots))) throw new EngineError('MILLRACE_VECTOR_KIND_MISMATCH')
  checkRange(value.values, path)
}

function isSparseVector(value: unknown): value is SparseVector {
  if (typeof value !== 'object' || value === null) return false
  const { indices, values } = value as { readonly indices?: unknown; readonly values?: unknown }
  const isIndex = (index: unknown) =>
    typeof index === 'number' && Number.isInteger(index) && index >= 0 && index <= 0xffff_ffff
  const isNumber = (component: unknown) =>
    typeof component === 'number' || typeof component === 'bigint'
  return (
    Array.isArray(indices) &&
    Array.isArray(values) &&
    indices.every(isIndex) &&
    values.every(isNumber)
  )
}

function checkRange(components: readonly unknown[], path: string): void {
  if (components.some((component) => !Number.isFinite(Math.fround(Number(component))))) {
    throw malformed(`${path}: number out of range`)
  }
}

function isInference(value: unknown): boolean {
  if (typeof value !== 'object') return value !== undefined
  return value !== null && !Array.isArray(value) && !('indices' in value) && !('values' in value)
}

/**
 * One vector, or several.
 *
 * @param path       as errors name it
 * @param multiPath  as those of multivectors do
 */
export function checkList(
  vector: readonly unknown[],
  path: string,
  multiPath: string,
  name: string,
  slots: readonly AnySlot[]
): void {
  const holdsLists = vector.length > 0 && vector.every((item) => Array.isArray(item))
  const slot = slots.find((candidate) => candidate.name === name)
  const isMulti = slot !== undefined && !isSparse(slot) && slot.multi === true
  if (holdsLists || (isMulti && vector.length === 0)) {
    checkMulti(vector as readonly (readonly unknown[])[], multiPath, name, slots)
  } else {
    checkDense(vector, path, name, slots)
  }
}

function checkMulti(
  vectors: readonly (readonly unknown[])[],
  path: string,
  name: string,
  slots: readonly AnySlot[]
): void {
  const reason = multiVectorProblem(vectors, path)
  if (reason !== undefined) throw new EngineError('MILLRACE_BODY_INVALID', { reason })
  const slot = findSlot(name, slots)
  if (isSparse(slot)) throw new EngineError('MILLRACE_VECTOR_KIND_MISMATCH')
  if (!slot.multi) throw new EngineError('MILLRACE_VECTOR_MULTI_MISMATCH')
  vectors.forEach((vector, index) => {
    checkDense(vector, `${path}[${index}]`, name, slots)
  })
}

function checkDense(
  vector: readonly unknown[],
  path: string,
  name: string,
  slots: readonly AnySlot[]
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
    throw malformed(`${path}[${wrong}]: invalid type, expected a number`)
  }
  const slot = findSlot(name, slots)
  if (isSparse(slot)) throw new EngineError('MILLRACE_VECTOR_KIND_MISMATCH')
  if (vector.length !== slot.size) {
    throw new EngineError('MILLRACE_VECTOR_DIMENSION_MISMATCH', {
      expected: slot.size,
      actual: vector.length
    })
  }
  checkRange(vector, path)
}

export function findSlot(name: string, slots: readonly AnySlot[]): AnySlot {
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
  form: {
    readonly id: readonly string[]
    readonly members: readonly (readonly string[])[]
    /** The vectors that are given by their names. */
    readonly named: readonly (readonly string[])[]
  }
): void {
  const sparseParts = (part: string) => form.named.map((place) => [...place, part])
  const indices = form.named.map((place) => [...place, 'indices', '*'])
  const members = [...form.members, ...sparseParts('indices'), ...sparseParts('values')]
  readJson(text, {
    number: (path, spelled) => {
      if (/^\d+$/.test(spelled)) return
      if (matches(path, form.id)) readPointId(spelled)
      if (indices.some((pattern) => matches(path, pattern))) {
        throw malformed(`invalid value \`${spelled}\`, expected an index of 32 bits`)
      }
    },
    member: (path, name, isRepeated) => {
      if (!isRepeated) return
      const isOurs = members.some((pattern) => matches([...path, name], pattern))
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
