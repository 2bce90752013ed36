/** The seed of a random test: SEED of the environment, or a new one. It is printed. */
export function testSeed(name = 'random test'): number {
  const given = Number(process.env['SEED'])
  const seed = Number.isInteger(given) && given > 0 ? given : Math.ceil(Math.random() * 0x7fffffff)
  console.log(`${name}: SEED=${seed}`)
  return seed
}

/** @returns numbers from 0 to below 1, the same ones for the same seed (mulberry32) */
export function randomFrom(seed: number): () => number {
  let state = seed | 0
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296
  }
}
