/** The heap of the JavaScript thread that asks. */
import { getHeapStatistics, setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

/** Memory of this thread's JavaScript, with the buffers that it holds. */
export function heapBytes(): number {
  return getHeapStatistics().total_physical_size + process.memoryUsage().external
}

let collect: (() => void) | undefined

/**
 * Collects all garbage of this thread, which takes some ten milliseconds. V8 collects while memory is asked for, so what
 * was garbage when work ended stays until there is work again.
 */
export function collectGarbage(): void {
  if (collect === undefined) {
    // Only contexts that are made while the flag is set have the function.
    setFlagsFromString('--expose-gc')
    collect = runInNewContext('gc') as () => void
    setFlagsFromString('--no-expose-gc')
  }
  collect()
}
