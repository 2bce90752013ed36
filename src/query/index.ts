export * from './nearest.ts'
export * from './plan.ts'
export * from './selector.ts'
export * from './shard-handles.ts'
