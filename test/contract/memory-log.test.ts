import { MemoryStore, openMemoryLog } from '../../streams/index.ts'
import { logConformance } from './log-conformance.ts'

logConformance('memory', async () => {
  const store = new MemoryStore()
  return { open: async () => openMemoryLog({ store }), dispose: async () => {} }
})
logConformance('slow memory', async () => {
  const store = new MemoryStore()
  const sleep = () => new Promise<void>(setImmediate)
  return {
    open: async () => openMemoryLog({ store, sleep, faults: { slow: 0.3 } }),
    dispose: async () => {}
  }
})
