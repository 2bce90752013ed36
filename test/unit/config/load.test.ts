import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { helpText, loadConfig } from '../../../src/config/index.ts'

function configFile(text: string): string {
  const file = join(mkdtempSync(join(tmpdir(), 'millrace-config-')), 'millrace.yaml')
  writeFileSync(file, text)
  return file
}

test('without anything given every value is the default', () => {
  const { config, sources } = loadConfig([], {})
  expect(config['server.host']).toBe('127.0.0.1')
  expect(config['server.port']).toBe(6333)
  expect(config.data).toBe('./data')
  expect(new Set(Object.values(sources))).toEqual(new Set(['default']))
})

test('flags beat the environment, the environment beats the file', () => {
  const file = configFile('server:\n  port: 1\n  host: file\n  drainMs: 5\n')
  const { config, sources } = loadConfig(['--port', '3', '--config', file], {
    MILLRACE_PORT: '2',
    MILLRACE_HOST: 'environment'
  })
  expect(config['server.port']).toBe(3)
  expect(config['server.host']).toBe('environment')
  expect(config['server.drainMs']).toBe(5)
  expect(sources['server.port']).toBe('flag')
  expect(sources['server.drainMs']).toBe('file')
})

test('sizes may be written with a unit', () => {
  expect(loadConfig(['--limits.bodyBytes=64MiB'], {}).config['limits.bodyBytes']).toBe(64 << 20)
})

test('an unknown flag is an error with a suggestion', () => {
  expect(() => loadConfig(['--prot', '1'], {})).toThrow(
    /unknown option --prot, did you mean --port\?/
  )
})

test('an unknown key in the file is an error with a suggestion', () => {
  const file = configFile('log:\n  durabilty: os\n')
  expect(() => loadConfig(['--config', file], {})).toThrow(
    /unknown key `log.durabilty`, did you mean log.durability\?/
  )
})

test.each([
  [['--port', 'many']],
  [['--port', '70000']],
  [['--port', '-1']],
  [['--port', '']],
  [['--log.durability', 'maybe']],
  [['--limits.bodyBytes', '1TiB']]
])('%j names the value and what would be right', (args) => {
  expect(() => loadConfig(args, {})).toThrow(/is `.*`, but must be/)
})

test('a flag without its value is an error', () => {
  expect(() => loadConfig(['--port'], {})).toThrow('--port needs a value')
})

test('a file that is not there is named', () => {
  expect(() => loadConfig(['--config', '/nowhere/millrace.yaml'], {})).toThrow(
    '/nowhere/millrace.yaml cannot be read'
  )
})

test('the help names every flag, its default and its variable', () => {
  expect(helpText()).toContain('--port')
  expect(helpText()).toContain('6333')
  expect(helpText()).toContain('MILLRACE_DATA')
})
