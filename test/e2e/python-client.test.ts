import { execFile } from 'node:child_process'
import { existsSync, rmSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { beforeAll, expect, test } from 'vitest'
import { restServer } from '../support/rest-server.ts'

const run = promisify(execFile)
const clientVersion = '1.19.1'
const folder = resolve(import.meta.dirname, `../../.cache/python-client-${clientVersion}`)
const python = join(folder, 'bin/python')
const installMsMax = 300_000

const rest = restServer()

/** Installs the client once. Where there is no Python or no package index, the test fails and says so. */
beforeAll(async () => {
  const isComplete = join(folder, 'complete')
  if (existsSync(isComplete)) return
  rmSync(folder, { recursive: true, force: true })
  try {
    await run('python3', ['-m', 'venv', folder], { timeout: installMsMax })
    const packages = ['install', '--quiet', `qdrant-client==${clientVersion}`]
    await run(python, ['-m', 'pip', ...packages], { timeout: installMsMax })
  } catch (cause) {
    const reason = `cannot install qdrant-client ${clientVersion}; python3 with venv and a package index are needed`
    throw new Error(reason, { cause })
  }
  writeFileSync(isComplete, '')
}, installMsMax)

test('the unmodified Python client does a day’s work', async () => {
  const script = join(import.meta.dirname, 'python_client.py')
  const { stdout } = await run(python, [script, rest.url], { timeout: 60_000 })
  const steps = [
    ...['collection', 'settings', 'points', 'reads', 'filters', 'changes'],
    ...['aliases', 'service', 'end']
  ]
  expect(stdout.trim().split('\n')).toEqual(steps.map((step) => `${step} done`))
}, 90_000)
