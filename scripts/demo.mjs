// `npm run demo`: 341,479 real word vectors into a fresh server, with progress, and a few searches.
import { setUp } from './build.mjs'

setUp()
const { runDemo } = await import('../dist/scripts/demo/run.js')
process.exitCode = await runDemo(process.argv.slice(2))
