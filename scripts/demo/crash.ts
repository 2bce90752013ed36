/** The second half of the demo: a crash in the middle of a load, and what is there afterwards. */
import { collection, loadWordsInto, scrollWords } from './load.ts'
import { print } from './print.ts'
import { RestClient } from './rest-client.ts'
import type { ServerProcess } from './server-process.ts'
import type { Words } from './words.ts'

/** How much of the second load is acknowledged when the server is killed. */
const killedAtShare = 0.4

/** @returns the server that was started again */
export async function crashAndRecover(
  server: ServerProcess,
  start: () => Promise<ServerProcess>,
  words: Words
): Promise<ServerProcess> {
  print('\nloading them all a second time, and killing the server on the way\n')
  const acknowledged = await loadUntilKilled(server, words)
  print(`kill -9 after ${acknowledged.size.toLocaleString('en')} words were acknowledged\n`)

  const startedAt = performance.now()
  const restarted = await start()
  const client = new RestClient(restarted.port)
  try {
    await untilAnswers(client)
    const firstAnswerMs = performance.now() - startedAt
    await untilReady(client)
    const readyMs = performance.now() - startedAt
    print(
      `started again: first answer after ${Math.round(firstAnswerMs)} ms, every record applied after ${Math.round(readyMs)} ms\n`
    )
    await checkAcknowledged(client, words, acknowledged)
    await rebuild(client)
    return restarted
  } catch (cause) {
    await restarted.stop()
    throw cause
  } finally {
    client.close()
  }
}

async function loadUntilKilled(server: ServerProcess, words: Words): Promise<ReadonlySet<number>> {
  const client = new RestClient(server.port)
  const killedAt = Math.floor(words.words.length * killedAtShare)
  let killed: Promise<unknown> | undefined
  try {
    const { acknowledged } = await loadWordsInto(client, words, 2, (loaded) => {
      // The other connection goes on: its write is under way when the process ends.
      if (loaded >= killedAt) killed ??= server.stop('SIGKILL')
    })
    await killed
    return acknowledged
  } finally {
    client.close()
  }
}

async function untilAnswers(client: RestClient): Promise<void> {
  await until(
    async () =>
      (await client.send('POST', `/collections/${collection}/points/scroll`, { limit: 1 }))
        .status === 200
  )
}

async function untilReady(client: RestClient): Promise<void> {
  await until(async () => (await client.send('GET', '/readyz')).status === 200)
}

async function until(isDone: () => Promise<boolean>): Promise<void> {
  while (!(await isDone())) await new Promise((resolve) => setTimeout(resolve, 5))
}

/** Nothing acknowledged may be lost; a write that was under way may have been kept or not. */
async function checkAcknowledged(
  client: RestClient,
  { words }: Words,
  acknowledged: ReadonlySet<number>
): Promise<void> {
  const found = await scrollWords(client)
  const missing = words.filter((word, row) => found[row]?.word !== word)
  const stale = [...acknowledged].filter((row) => found[row]?.round !== 2)
  if (missing.length > 0 || stale.length > 0) {
    throw new Error(`${missing.length} words missing, ${stale.length} acknowledged writes lost`)
  }
  print(
    `all ${found.length.toLocaleString('en')} words found, all ${acknowledged.size.toLocaleString('en')} acknowledged writes among them\n`
  )
}

/** A replica built anew from checkpoint and log has the digest of the one that runs. */
async function rebuild(client: RestClient): Promise<void> {
  const path = `/millrace/collections/${collection}/shards/0/rebuild`
  const { result } = await client.call('POST', path)
  const { digest, recordsReplayed, seconds, equal } = result as {
    digest: string
    recordsReplayed: number
    seconds: number
    equal: boolean
  }
  if (!equal) throw new Error('the rebuilt replica differs')
  print(
    `rebuilt the replica beside the running one: ${recordsReplayed.toLocaleString('en')} records in ${seconds.toFixed(1)} s, the same digest ${digest}\n`
  )
}
