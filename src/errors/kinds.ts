/** The one table of kinds of failures: how each is told by every transport. */

export interface FailureKind {
  readonly http: number
  readonly grpc: string
  /** Put in front of the message, as clients of this API know it. */
  readonly prefix: string
}

export const failureKinds = {
  badInput: { http: 400, grpc: 'INVALID_ARGUMENT', prefix: 'Wrong input: ' },
  badRequest: { http: 400, grpc: 'INVALID_ARGUMENT', prefix: 'Bad request: ' },
  malformed: { http: 400, grpc: 'INVALID_ARGUMENT', prefix: '' },
  invalid: { http: 422, grpc: 'INVALID_ARGUMENT', prefix: '' },
  alreadyExists: { http: 409, grpc: 'ALREADY_EXISTS', prefix: 'Wrong input: ' },
  notFound: { http: 404, grpc: 'NOT_FOUND', prefix: 'Not found: ' },
  standalone: { http: 405, grpc: 'UNIMPLEMENTED', prefix: '' },
  timeout: { http: 408, grpc: 'DEADLINE_EXCEEDED', prefix: 'Timeout: ' },
  forbidden: { http: 403, grpc: 'PERMISSION_DENIED', prefix: 'Forbidden: ' },
  versionConflict: { http: 412, grpc: 'FAILED_PRECONDITION', prefix: '' },
  rateLimited: { http: 429, grpc: 'RESOURCE_EXHAUSTED', prefix: 'Rate limiting exceeded: ' },
  unavailable: { http: 503, grpc: 'UNAVAILABLE', prefix: 'Shard temporarily unavailable: ' },
  quotaReached: { http: 507, grpc: 'RESOURCE_EXHAUSTED', prefix: 'Insufficient storage: ' },
  internal: { http: 500, grpc: 'INTERNAL', prefix: 'Service internal error: ' }
} as const satisfies Record<string, FailureKind>

export type FailureKindName = keyof typeof failureKinds
