// `npm run bench`: builds what is stale and measures; see bench/main.ts.
import { setUp } from './build.mjs'

setUp()
const { main } = await import('../dist/bench/main.js')
process.exitCode = await main(process.argv.slice(2))
