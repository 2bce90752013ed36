// `npm start`: sets up what is stale, then runs the server in this process, so that signals reach it.
import { setUp } from './build.mjs'

setUp()
await import('../dist/bundle/server/main.js')
