/** Checks answers against what the reference's OpenAPI document says of them. */
import { readFileSync } from 'node:fs'
import { Ajv, type ValidateFunction } from 'ajv'

interface Operation {
  readonly method: string
  readonly path: string
  readonly responses: Readonly<Record<string, object>>
}

const fixture = JSON.parse(
  readFileSync(new URL('../fixtures/openapi-responses.json', import.meta.url), 'utf8')
) as { readonly operations: readonly Operation[]; readonly schemas: object }

const ajv = new Ajv({ strict: false, allowUnionTypes: true })
ajv.addSchema({ $id: 'openapi', schemas: fixture.schemas })

const operations = fixture.operations
  .map((operation) => ({ ...operation, pattern: patternOf(operation.path) }))
  // A path without parameters is meant before one with.
  .sort((a, b) => a.path.split('{').length - b.path.split('{').length)
const validators = new Map<string, ValidateFunction>()

/** Answers that were checked, by operation and status, so that a test can see that the check is at work. */
export const checkedAnswers = new Map<string, number>()

/**
 * @param url   path and query as they were sent
 * @throws      when the body is not what the document says; an operation that it does not know is not checked
 */
export function checkAnswer(method: string, url: string, status: number, body: unknown): void {
  // Not by URL, which would resolve a collection named `..`.
  const path = (url.split('?')[0] ?? '').replace(/(?<=.)\/+$/, '')
  const operation = operations.find((known) => known.method === method && known.pattern.test(path))
  const key = [String(status), `${Math.floor(status / 100)}XX`, 'default'].find(
    (candidate) => operation?.responses[candidate] !== undefined
  )
  if (operation === undefined || key === undefined) return
  const name = `${method} ${operation.path} ${key}`
  const validate = validatorOf(name, operation.responses[key] ?? {})
  checkedAnswers.set(name, (checkedAnswers.get(name) ?? 0) + 1)
  if (validate(body)) return
  throw new Error(
    `the answer to ${method} ${url} (${status}) is not what openapi.json says: ` +
      `${ajv.errorsText(validate.errors)}\n${JSON.stringify(body).slice(0, 2000)}`
  )
}

function validatorOf(name: string, schema: object): ValidateFunction {
  const known = validators.get(name)
  if (known !== undefined) return known
  const text = JSON.stringify(schema).replaceAll('"#/schemas/', '"openapi#/schemas/')
  const validate = ajv.compile(JSON.parse(text))
  validators.set(name, validate)
  return validate
}

function patternOf(path: string): RegExp {
  const parts = path.split(/\{\w+\}/).map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'))
  return new RegExp(`^${parts.join('[^/]+')}$`)
}
