import { hasOnlyDefaultVector } from '../domain/collection.ts'
import type { CollectionView } from '../domain/directory.ts'
import type { WithPayload, WithVector } from '../domain/schemas/index.ts'
import type { PayloadSelection } from '../engine/index.ts'
import { findSlot } from './plan.ts'

/** What of a point is shown, and how the response is framed. */
export interface RenderOptions {
  readonly payload: PayloadSelection
  readonly vectors: VectorSelection
  /** Vectors as bare arrays: the collection has just the unnamed one. */
  readonly isBareVector: boolean
  readonly vectorNames: readonly { readonly slot: number; readonly name: string }[]
  readonly shape: 'query' | 'search'
  /** `process.hrtime.bigint()` at the request's arrival. */
  readonly startedAt: bigint
}

export type VectorSelection = { readonly all: boolean; readonly slots: readonly number[] }

/** @throws MILLRACE_VECTOR_NAME_UNKNOWN for a name in `with_vector` that the collection lacks */
export function selectorOf(
  view: CollectionView,
  withPayload: WithPayload | null | undefined,
  withVector: WithVector | null | undefined,
  payloadDefault: boolean
): Pick<RenderOptions, 'payload' | 'vectors' | 'isBareVector' | 'vectorNames'> {
  return {
    payload: payloadSelection(withPayload ?? payloadDefault),
    vectors: vectorSelection(view, withVector ?? false),
    isBareVector: hasOnlyDefaultVector(view.spec.vectors),
    vectorNames: view.spec.vectors.map(({ slot, name }) => ({ slot, name }))
  }
}

function payloadSelection(selector: WithPayload): PayloadSelection {
  if (typeof selector === 'boolean') return selector
  if (Array.isArray(selector)) return { include: selector }
  return selector
}

function vectorSelection(view: CollectionView, selector: WithVector): VectorSelection {
  if (typeof selector === 'boolean') return { all: selector, slots: [] }
  return { all: false, slots: selector.map((name) => findSlot(view, name).slot) }
}
