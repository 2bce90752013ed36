export * from './collection.machine.ts'
export * from './replica.machine.ts'
export * from './shard.machine.ts'
export * from './supervisor.machine.ts'
