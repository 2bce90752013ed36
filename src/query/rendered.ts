/** Takes apart what the engine has rendered for one shard, and puts the parts of several together. */
import { jsonItems, jsonMembers } from '../engine/index.ts'
import { EngineError } from '../errors/index.ts'

/** A point as the engine has rendered it. */
export interface RenderedItem {
  /** As JSON writes it: digits, or a UUID in quotes. */
  readonly id: string
  readonly text: Buffer
}

/** Deeper than any payload and the levels around it. */
const depthMax = 512

/** @param response  a whole response whose result is a list of points */
export function itemsOfList(response: Uint8Array): RenderedItem[] {
  return itemsIn(resultOf(response))
}

/** @param response  a whole response whose result is a page */
export function itemsOfPage(response: Uint8Array): { items: RenderedItem[]; next: string | null } {
  const page = jsonMembers(resultOf(response), depthMax)
  const points = page?.get('points')
  const next = page?.get('next_page_offset')?.toString('latin1')
  if (points === undefined) throw notRendered()
  return { items: itemsIn(points), next: next === undefined || next === 'null' ? null : next }
}

export function responseOf(parts: readonly (string | Buffer)[], startNs: bigint): Buffer {
  const seconds = Number(process.hrtime.bigint() - startNs) / 1e9
  const all = ['{"result":', ...parts, `,"status":"ok","time":${seconds.toFixed(9)}}`]
  return Buffer.concat(all.map((part) => (typeof part === 'string' ? Buffer.from(part) : part)))
}

/** The same response, with the time since `startNs` in the place of its own. */
export function withTimeSince(response: Uint8Array, startNs: bigint): Buffer {
  return responseOf([resultOf(response)], startNs)
}

export function listOf(items: readonly RenderedItem[]): (string | Buffer)[] {
  return ['[', ...items.flatMap(({ text }, index) => (index === 0 ? text : [',', text])), ']']
}

/** Numbers before UUIDs, each in their order. @returns < 0, 0 or > 0 */
export function compareIds(left: string, right: string): number {
  const [isUuid, isOtherUuid] = [left.startsWith('"'), right.startsWith('"')]
  if (isUuid !== isOtherUuid) return isUuid ? 1 : -1
  if (!isUuid && left.length !== right.length) return left.length - right.length
  return left < right ? -1 : left > right ? 1 : 0
}

function itemsIn(list: Buffer): RenderedItem[] {
  const items = jsonItems(list, depthMax)
  if (items === undefined) throw notRendered()
  return items.map((text) => {
    const id = jsonMembers(text, depthMax)?.get('id')
    if (id === undefined) throw notRendered()
    return { id: id.toString('latin1'), text }
  })
}

function resultOf(response: Uint8Array): Buffer {
  const whole = Buffer.from(response.buffer, response.byteOffset, response.byteLength)
  const result = jsonMembers(whole, depthMax)?.get('result')
  if (result === undefined) throw notRendered()
  return result
}

function notRendered(): EngineError {
  return new EngineError('MILLRACE_INTERNAL', { reason: 'an answer of a shard is no response' })
}
