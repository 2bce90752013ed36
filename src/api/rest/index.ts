export { createRestServer, type RestOptions } from './server.ts'
