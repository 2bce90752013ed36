import type { CollectionView } from '../domain/directory.ts'
import type { WithPayload, WithVector } from '../domain/schemas/index.ts'
import { isJsonPath, type PointShape } from '../engine/index.ts'
import { EngineError } from '../errors/index.ts'
import { findSlot } from './plan.ts'

/** The members of a read request that choose what of a point is shown; `with_vectors` is an alias. */
export interface PointSelectors {
  readonly with_payload?: WithPayload | null
  readonly with_vector?: WithVector | null
  readonly with_vectors?: WithVector | null
}

/**
 * What of a point is shown.
 *
 * @param payloadDefault  whether the payload is shown when the request does not say
 * @throws MILLRACE_VECTOR_NAME_UNKNOWN for a name in `with_vector` that the collection lacks,
 *         MILLRACE_BODY_MALFORMED for a path that is none
 */
export function pointShape(
  view: CollectionView,
  selectors: PointSelectors,
  payloadDefault: boolean,
  startNs: bigint
): PointShape {
  return {
    payload: payloadSelection(selectors.with_payload ?? payloadDefault),
    vectors: vectorSelection(view, selectors.with_vector ?? selectors.with_vectors ?? false),
    startNs
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
