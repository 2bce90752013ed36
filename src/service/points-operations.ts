import type { OperationName } from '../domain/schemas/index.ts'
import { encodeDelete, encodeDeleteVectors } from './operation-delete.ts'
import {
  encodeClearPayload,
  encodeDeletePayload,
  encodeOverwritePayload,
  encodeSetPayload
} from './operation-payload.ts'
import type { EncodeOperation } from './operation-scope.ts'
import { encodeUpdateVectors, encodeUpsert } from './operation-upsert.ts'

/** Every operation that changes points, by its name in `points/batch`. */
export const pointOperations: Readonly<Record<OperationName, EncodeOperation>> = {
  upsert: encodeUpsert,
  delete: encodeDelete,
  set_payload: encodeSetPayload,
  overwrite_payload: encodeOverwritePayload,
  delete_payload: encodeDeletePayload,
  clear_payload: encodeClearPayload,
  update_vectors: encodeUpdateVectors,
  delete_vectors: encodeDeleteVectors
}
