export * from './describe.ts'
export * from './load.ts'
export * from './schema.ts'
export * from './version.ts'
