import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { parse } from 'yaml'
import { configFields } from '../../src/config/schema.ts'
import { goProgram } from '../support/go-program.ts'

const run = promisify(execFile)
const composeFile = 'docker-compose.yml'

interface ComposeModel {
  readonly services: Readonly<
    Record<string, { readonly environment?: Readonly<Record<string, string>> }>
  >
}

/** Reads a file as Docker Compose does: by the Compose Specification's own schema and rules. */
async function loadedByCompose(): Promise<ComposeModel> {
  const compose = await goProgram({
    name: 'compose-go',
    package: 'github.com/compose-spec/compose-go/v2/cmd',
    version: 'v2.4.9'
  })
  if (compose === undefined) {
    throw new Error('the check of docker-compose.yml needs Go (Debian: apt-get install golang-go)')
  }
  const { stdout } = await run(compose, ['-format', 'json', composeFile])
  return JSON.parse(stdout)
}

test('docker-compose.yml is one that Compose takes, with brokers and two nodes', {
  timeout: 600_000
}, async () => {
  const { services } = await loadedByCompose()
  expect(Object.keys(services)).toEqual(
    expect.arrayContaining(['node-a', 'node-b', 'kafka', 'nats'])
  )
})

test('docker-compose.yml sets only what the configuration knows', async () => {
  const { services } = parse(await readFile(composeFile, 'utf8'), { merge: true }) as ComposeModel
  const known = new Set<string>(Object.values(configFields).map((field) => field.env))
  const set = Object.entries(services)
    .filter(([service]) => service.startsWith('node-'))
    .flatMap(([, { environment = {} }]) => Object.keys(environment))
  expect(set.length).toBeGreaterThan(0)
  expect(set.filter((name) => !known.has(name))).toEqual([])
})
