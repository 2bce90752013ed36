import type { CollectionView } from '../domain/directory.ts'
import type { WithPayload, WithVector } from '../domain/schemas/index.ts'
import { isJsonPath, type PointShape } from '../engine/index.ts'
import { EngineError } from '../errors/index.ts'
import { findSlot } from './plan.ts'

/** What a request says of the payload and the vectors to show. */
export interface PointSelectors {
  readonly withPayload: WithPayload | null | undefined
  readonly withVector: WithVector | null | undefined
  readonly payloadDefault: boolean
}

/**
 * What of a point is shown.
 *
 * @throws MILLRACE_VECTOR_NAME_UNKNOWN for a name in `with_vector` that the collection lacks,
 *         MILLRACE_BODY_MALFORMED for a path that is none
 */
export function pointShape(
  view: CollectionView,
  selectors: PointSelectors,
  startNs: bigint
): PointShape {
  const { withPayload, withVector, payloadDefault } = selectors
  return {
    payload: payloadSelection(withPayload ?? payloadDefault),
    vectors: vectorSelection(view, withVector ?? false),
    startNs
  }
}

/** `with_vectors` is an older name of `with_vector`. */
export function selectorsOf(
  request: {
    readonly with_payload?: WithPayload | null
    readonly with_vector?: WithVector | null
    readonly with_vectors?: WithVector | null
  },
  payloadDefault: boolean
): PointSelectors {
  return {
    withPayload: request.with_payload,
    withVector: request.with_vector ?? request.with_vectors,
    payloadDefault
  }
}

function payloadSelection(selector: WithPayload): PointShape['payload'] {
  if (typeof selector === 'boolean') return selector
  const selection = Array.isArray(selector) ? { include: selector } : selector
  const paths = 'include' in selection ? selection.include : selection.exclude
  const wrong = paths.find((path) => !isJsonPath(path))
  if (wrong === undefined) return selection
  throw new EngineError('MILLRACE_BODY_MALFORMED', {
    reason: `with_payload: \`${wrong}\` is not a valid path`
  })
}

function vectorSelection(view: CollectionView, selector: WithVector): PointShape['vectors'] {
  if (typeof selector === 'boolean') return selector
  return selector.map((name) => findSlot(view, name).name)
}
