/** Checks a decoded request against its schema and words what is wrong as clients of this API know it. */
import type { Static, TSchema } from 'typebox'
import { Compile, type Validator } from 'typebox/compile'
import { EngineError } from '../../errors/index.ts'

type Problem = ReturnType<Validator['Errors']>[number]

const validators = new WeakMap<TSchema, Validator>()

/**
 * @param prefix  put before the path of a range error, as the reference server does for nested requests
 * @returns       `value` itself, now typed
 * @throws        MILLRACE_BODY_MALFORMED when a part has the wrong type or is missing,
 *                MILLRACE_BODY_INVALID when a value is out of its range
 */
export function parseRequest<Schema extends TSchema>(
  schema: Schema,
  value: unknown,
  prefix = ''
): Static<Schema> {
  const validator = validatorOf(schema)
  // Check proves the type that Static computes from the same schema.
  if (validator.Check(value)) return value as Static<Schema>

  const problems = closestProblems(validator.Errors(value))
  const shapeProblem = problems.find((problem) => !isRangeProblem(schema, problem, value))
  if (shapeProblem !== undefined) {
    throw new EngineError('MILLRACE_BODY_MALFORMED', { reason: describeShape(shapeProblem, value) })
  }
  const reason = problems.map((problem) => describeRange(schema, problem, value, prefix)).join('; ')
  throw new EngineError('MILLRACE_BODY_INVALID', { reason })
}

function validatorOf(schema: TSchema): Validator {
  const known = validators.get(schema)
  if (known !== undefined) return known
  const compiled: Validator = Compile(schema) as Validator
  validators.set(schema, compiled)
  return compiled
}

/** Of each union keeps the problems of the branch that came closest, innermost unions first. */
function closestProblems(problems: readonly Problem[]): Problem[] {
  const unions = problems
    .filter(({ keyword }) => keyword === 'anyOf')
    .sort((a, b) => b.schemaPath.length - a.schemaPath.length)
  let rest = problems.filter(({ keyword }) => keyword !== 'anyOf')
  for (const union of unions) {
    const start = `${union.schemaPath}/anyOf/`
    const inside = rest.filter((problem) => isOf(problem, union, start))
    if (inside.length === 0) continue
    const branches = groupByBranch(inside, start)
    const closest = [...branches.values()].sort((a, b) => distanceOf(a) - distanceOf(b))[0]
    const kept = new Set(closest)
    rest = rest.filter((problem) => !isOf(problem, union, start) || kept.has(problem))
  }
  return rest
}

function isOf(problem: Problem, union: Problem, start: string): boolean {
  return problem.schemaPath.startsWith(start) && problem.instancePath.startsWith(union.instancePath)
}

function branchOf(problem: Problem, start: string): string {
  return problem.schemaPath.slice(start.length).split('/')[0] ?? ''
}

function groupByBranch(problems: readonly Problem[], start: string): Map<string, Problem[]> {
  const groups = new Map<string, Problem[]>()
  for (const problem of problems) {
    const branch = branchOf(problem, start)
    groups.set(branch, [...(groups.get(branch) ?? []), problem])
  }
  return groups
}

/** A branch that only misses a range is close; otherwise the one whose problem lies deepest is meant. */
function distanceOf(problems: readonly Problem[]): number {
  if (problems.every(({ keyword }) => rangeKeywords.has(keyword))) return 0
  const depth = Math.max(...problems.map(({ instancePath }) => instancePath.split('/').length))
  return 1 / depth
}

const rangeKeywords: ReadonlySet<string> = new Set(['minimum', 'maximum', 'minItems'])

function isRangeProblem(schema: TSchema, problem: Problem, value: unknown): boolean {
  if (!rangeKeywords.has(problem.keyword)) return false
  const found = valueAt(value, problem.instancePath)
  if (problem.keyword !== 'minimum' || typeof found !== 'number') return true
  if (found < 0) return false
  return !(found === 0 && 'nonZero' in schemaNode(schema, problem))
}

/** The schema that a problem is about. */
function schemaNode(schema: TSchema, problem: Problem): object {
  const node = valueAt(schema, problem.schemaPath.replace(/^#/, ''))
  return typeof node === 'object' && node !== null ? node : {}
}

function describeRange(schema: TSchema, problem: Problem, value: unknown, prefix: string): string {
  const path = prefix + dotted(problem.instancePath)
  const found = valueAt(value, problem.instancePath)
  if (problem.keyword === 'minItems') return `${path}: dense vector must not be empty`
  const node = schemaNode(schema, problem)
  const minimum = Reflect.get(node, 'minimum')
  const maximum = Reflect.get(node, 'maximum')
  const hasBoth =
    typeof minimum === 'number' && typeof maximum === 'number' && maximum < 0xffff_ffff
  const bounds = hasBoth
    ? `from ${minimum} to ${maximum}`
    : problem.keyword === 'minimum'
      ? `${minimum} or larger`
      : `${maximum} or smaller`
  return `${path}: value ${String(found)} invalid, must be ${bounds}`
}

function describeShape(problem: Problem, value: unknown): string {
  const path = dotted(problem.instancePath)
  const where = path === '' ? '' : `${path}: `
  if (problem.keyword === 'required') {
    const missing = 'requiredProperties' in problem.params ? problem.params.requiredProperties : []
    return `${where}missing field \`${missing.join('`, `')}\``
  }
  if (problem.keyword === 'additionalProperties') return `${where}unknown field`
  const found = valueAt(value, problem.instancePath)
  if (rangeKeywords.has(problem.keyword)) {
    return `${where}invalid value: integer \`${String(found)}\`, expected a larger number`
  }
  return `${where}invalid type: ${kindOf(found)}, ${problem.message.replace('must be', 'expected')}`
}

function kindOf(value: unknown): string {
  if (value === null) return 'null'
  if (Array.isArray(value)) return 'sequence'
  if (typeof value === 'object') return 'map'
  if (typeof value === 'string') return `string "${value.slice(0, 40)}"`
  return `${typeof value} \`${String(value)}\``
}

/** `/points/0/vector` becomes `points[0].vector`. */
function dotted(pointer: string): string {
  return pointer
    .split('/')
    .slice(1)
    .map((part) => (/^\d+$/.test(part) ? `[${part}]` : `.${unescapePointer(part)}`))
    .join('')
    .replace(/^\./, '')
}

function valueAt(value: unknown, pointer: string): unknown {
  let found: unknown = value
  for (const part of pointer.split('/').slice(1)) {
    if (typeof found !== 'object' || found === null) return undefined
    found = Reflect.get(found, unescapePointer(part))
  }
  return found
}

function unescapePointer(part: string): string {
  return part.replaceAll('~1', '/').replaceAll('~0', '~')
}
