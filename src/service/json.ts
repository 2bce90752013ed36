import { checkJson } from '../engine/index.ts'
import { EngineError } from '../errors/index.ts'
import { readJson } from './json-reader.ts'
import { checkSpelling } from './spelling.ts'

/**
 * Parses a JSON body. Of a key given twice the last counts.
 *
 * @param integers  `exact`: those beyond 2^53 come as bigints, so that ids keep every digit, and floats where an integer
 *                  must stand are refused; `lenient`: the same without refusing; `rounded`: all are numbers
 * @throws MILLRACE_BODY_MALFORMED with the place, for bad syntax and for nesting deeper than `depthMax`
 */
export function parseJson(
  body: Buffer,
  depthMax: number,
  integers: 'exact' | 'lenient' | 'rounded' = 'exact'
): unknown {
  checkJsonBody(body, depthMax)
  const text = body.toString('utf8')
  if (integers === 'exact') checkSpelling(text)
  if (integers === 'rounded' || !longInteger.test(text)) return JSON.parse(text)
  return readJson(text)
}

/** @throws MILLRACE_BODY_MALFORMED with the place, for bad syntax and for nesting deeper than `depthMax` */
export function checkJsonBody(body: Buffer, depthMax: number): void {
  if (body.length === 0) throw malformed('EOF while parsing a value at line 1 column 0')
  const fault = checkJson(body, depthMax)
  if (fault?.isTooDeep) {
    throw malformed(`recursion limit exceeded: deeper than ${depthMax} levels (limits.jsonDepth)`)
  }
  if (fault !== null) throw malformed(`${fault.reason} at byte ${fault.position}`)
}

/** Digits that are not the fraction of a number. */
const longInteger = /(?:^|[^\d.])\d{16}/

function malformed(reason: string): EngineError {
  return new EngineError('MILLRACE_BODY_MALFORMED', { reason })
}
