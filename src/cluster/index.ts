export * from './command-record.ts'
export * from './metadata.ts'
export * from './metadata-state.ts'
export * from './schema-record.ts'
