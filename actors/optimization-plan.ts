import type { PlannedWork } from '../machines/index.ts'
import { indexingOfNewSlots } from '../src/domain/index-settings.ts'
import type { OptimizerSettings, SlotIndexing } from '../src/domain/optimizer-settings.ts'
import { quantizationText } from '../src/domain/quantization.ts'

/** What a plan is made from. */
export interface SegmentFacts {
  readonly points: number
  /** Live and dead. */
  readonly rows: number
  /** That it has in memory. */
  readonly memoryBytes: number
  /** Bytes of the vectors of each slot, by the slot's number. */
  readonly vectorBytes: (slot: number) => number
  readonly indexes: readonly SlotIndexing[]
}

/** @returns what would make the segment better, or undefined when it is as good as it gets */
export function planOf(facts: SegmentFacts, settings: OptimizerSettings): PlannedWork | undefined {
  // A segment that is indexed anew is compact as well.
  const reason = whyReindex(facts, settings.indexes)
  if (reason !== undefined) return { kind: 'reindex', reason }
  const { points, rows } = facts
  const dead = rows - points
  const isLarge = rows >= settings.vacuumMinRows
  if (!isLarge || dead <= rows * settings.deletedThreshold) return undefined
  return { kind: 'vacuum', reason: `${dead} of ${rows} rows are dead` }
}

function whyReindex(
  { indexes, vectorBytes }: SegmentFacts,
  wanted: readonly SlotIndexing[]
): string | undefined {
  for (const want of wanted) {
    // A slot that came after the segment was opened.
    const has: SlotIndexing = indexes.find(({ slot }) => slot === want.slot) ?? {
      slot: want.slot,
      ...indexingOfNewSlots
    }
    if (has.placement !== want.placement) {
      return `vectors of slot ${want.slot} are to be ${want.placement} and were ${has.placement}`
    }
    if (has.weights !== want.weights) {
      return `weights in the index of slot ${want.slot} are to be ${want.weights ?? 'float32'} and were ${has.weights ?? 'float32'}`
    }
    const bytes = vectorBytes(want.slot)
    const [hasGraph, wantsGraph] = [hasGraphAt(has, bytes), hasGraphAt(want, bytes)]
    if (hasGraph !== wantsGraph) {
      return `vectors of slot ${want.slot} are ${wantsGraph ? 'to get a graph' : 'to lose their graph'}`
    }
    const [hasCodes, wantsCodes] = [codesAt(has, bytes), codesAt(want, bytes)]
    if (hasCodes !== wantsCodes) {
      return `quantization of slot ${want.slot} is ${wantsCodes} and was ${hasCodes}`
    }
    // Without a graph no other setting can be seen, and the segment that gets one is opened with those of its day.
    if (!wantsGraph) continue
    const changed = (['links', 'efConstruct', 'fullScanBytes'] as const).find(
      (name) => has[name] !== want[name]
    )
    if (changed !== undefined) {
      const { [changed]: from } = has
      return `${settingNames[changed]} of slot ${want.slot} is ${want[changed]} and was ${from}`
    }
  }
  return undefined
}

/** What a segment of the live rows would take with these settings: of memory, and of the disk. */
export function successorBytes(
  { points, rows, memoryBytes, vectorBytes, indexes }: SegmentFacts,
  wanted: readonly SlotIndexing[]
): { readonly memory: number; readonly disk: number } {
  if (rows === 0) return { memory: 0, disk: 0 }
  const ofLive = points / rows
  let memory = memoryBytes * ofLive
  let disk = 0
  for (const { slot, placement } of wanted) {
    const had = indexes.find((one) => one.slot === slot) ?? indexingOfNewSlots
    const bytes = vectorBytes(slot) * ofLive
    if (placement === 'cold') disk += bytes
    if (placement === had.placement) continue
    memory += placement === 'cold' ? -bytes : bytes
  }
  return { memory: Math.max(0, memory), disk }
}

const settingNames = {
  links: 'm',
  efConstruct: 'ef_construct',
  fullScanBytes: 'full_scan_threshold'
} as const

function codesAt({ quantization, thresholdBytes }: SlotIndexing, bytes: number): string {
  return quantizationText(thresholdBytes > 0 && bytes >= thresholdBytes ? quantization : undefined)
}

function hasGraphAt({ links, thresholdBytes }: SlotIndexing, bytes: number): boolean {
  return links > 0 && thresholdBytes > 0 && bytes >= thresholdBytes
}
