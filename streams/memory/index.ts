export type { MemoryFaultRates, MemoryFaults } from './memory-faults.ts'
export { MemoryLog, type MemoryLogOptions, MemoryStore, openMemoryLog } from './memory-log.ts'
