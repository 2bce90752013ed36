export * from './command-record.ts'
export * from './metadata.ts'
export * from './schema-record.ts'
