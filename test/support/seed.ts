/** The seed of this run's random tests: `SEED=42 npm test` repeats one. It is printed once a file. */
export function testSeed(): number {
  const given = Number(process.env['SEED'])
  const seed = Number.isInteger(given) && process.env['SEED'] ? given : (Math.random() * 2 ** 31) | 0
  console.info(`SEED=${seed}`)
  return seed
}
