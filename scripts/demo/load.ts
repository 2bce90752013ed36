/** Loads the words over a few connections, with a bar, and remembers what was acknowledged. */
import { Presets, SingleBar } from 'cli-progress'
import type { RestClient } from './rest-client.ts'
import { dimensions, type Words } from './words.ts'

export const collection = 'words'
const batchPoints = 256
const connections = 2

export interface Load {
  /** Rows whose write was acknowledged as applied. */
  readonly acknowledged: ReadonlySet<number>
  /** Why it ended early. */
  readonly failure: unknown
  readonly pointsPerSecond: number
}

/**
 * Upserts every word, waiting for each batch to be applied.
 *
 * @param round     stands in each payload, so that a later load can be told from an earlier one
 * @param onLoaded  called with the number of words acknowledged so far
 * @returns         what was acknowledged, also when a write failed
 */
export async function loadWordsInto(
  client: RestClient,
  { words, vectors }: Words,
  round: number,
  onLoaded: (loaded: number) => void = () => {}
): Promise<Load> {
  const bar = new SingleBar(
    {
      format: 'loading {bar} {percentage}% | {value}/{total} words | {rate} points/s',
      hideCursor: true
    },
    Presets.shades_classic
  )
  const startedAt = performance.now()
  const acknowledged = new Set<number>()
  const rate = () => Math.round(acknowledged.size / ((performance.now() - startedAt) / 1000))
  bar.start(words.length, 0, { rate: 0 })
  let next = 0
  const work = async () => {
    while (next < words.length) {
      const from = next
      next = Math.min(words.length, next + batchPoints)
      const to = next
      const body = batchBody(words, vectors, round, from, to)
      await client.call('PUT', `/collections/${collection}/points?wait=true`, body)
      for (let row = from; row < to; row++) acknowledged.add(row)
      bar.update(acknowledged.size, { rate: rate() })
      onLoaded(acknowledged.size)
    }
  }
  const ends = await Promise.allSettled(Array.from({ length: connections }, work))
  bar.stop()
  const failure = ends.find((end) => end.status === 'rejected')?.reason
  return { acknowledged, pointsPerSecond: rate(), failure }
}

function batchBody(
  words: readonly string[],
  vectors: Float32Array,
  round: number,
  from: number,
  to: number
): string {
  const points = words.slice(from, to).map((word, index) => {
    const row = from + index
    const vector = vectors.subarray(row * dimensions, (row + 1) * dimensions).join(',')
    return `{"id":${row},"vector":[${vector}],"payload":{"word":${JSON.stringify(word)},"round":${round}}}`
  })
  return `{"points":[${points.join(',')}]}`
}

export interface StoredWord {
  readonly word: string
  readonly round: number
}

/** @returns what is stored of every word, by row */
export async function scrollWords(client: RestClient): Promise<StoredWord[]> {
  const found: StoredWord[] = []
  let offset: number | null = 0
  while (offset !== null) {
    const { result } = await client.call('POST', `/collections/${collection}/points/scroll`, {
      offset,
      limit: 10_000,
      with_payload: true
    })
    const page = result as {
      points: { id: number; payload: StoredWord }[]
      next_page_offset: number | null
    }
    for (const { id, payload } of page.points) found[id] = payload
    offset = page.next_page_offset
  }
  return found
}
