/** Searches at once: a batch must not fill the engine's queue by itself. */
const lanes = 8

/** Answers requests concurrently. @returns the answers in the order of `items`; the first failure fails all */
export async function answerInOrder<Item>(
  items: readonly Item[],
  answer: (item: Item, index: number) => Promise<Buffer>
): Promise<Buffer[]> {
  const answers: Buffer[] = []
  let next = 0
  const work = async () => {
    for (let index = next++; index < items.length; index = next++) {
      // The index is below the length.
      answers[index] = await answer(items[index] as Item, index)
    }
  }
  await Promise.all(Array.from({ length: Math.min(lanes, items.length) }, work))
  return answers
}

const resultStart = '{"result":'.length
const resultEnd = ',"status":"ok","time":'

/** @returns one response body with the results of several in a list */
export function joinResults(responses: readonly Buffer[], startNs: bigint): Buffer {
  const results = responses.flatMap((response, index) => [
    index === 0 ? '' : ',',
    response.subarray(resultStart, response.lastIndexOf(resultEnd))
  ])
  const seconds = Number(process.hrtime.bigint() - startNs) / 1e9
  const parts = ['{"result":[', ...results, `]${resultEnd}${seconds.toFixed(9)}}`]
  return Buffer.concat(parts.map((part) => (typeof part === 'string' ? Buffer.from(part) : part)))
}
