export * from './codes.ts'
export * from './engine-error.ts'
export * from './kinds.ts'
