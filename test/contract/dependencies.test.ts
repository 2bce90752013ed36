import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { expect, test } from 'vitest'

const root = resolve(import.meta.dirname, '../..')

/** Each part of the house and what it may import; `main` stands for the files directly under src/. */
const mayImport: Readonly<Record<string, readonly string[]>> = {
  main: [
    'actors',
    'streams',
    'src/api',
    'src/checkpoint',
    'src/cli',
    'src/config',
    'src/domain',
    'src/engine',
    'src/errors',
    'src/gateway',
    'src/ingest',
    'src/observability',
    'src/service',
    'main'
  ],
  'src/cli': ['streams', 'src/checkpoint', 'src/cluster', 'src/domain', 'src/engine', 'src/errors'],
  'src/gateway': [
    'src/api',
    'src/config',
    'src/domain',
    'src/engine',
    'src/errors',
    'src/observability',
    'src/service'
  ],
  'src/api': ['src/service', 'src/domain', 'src/errors', 'src/observability'],
  'src/ingest': ['src/service', 'src/engine', 'src/domain', 'src/errors'],
  'src/service': ['src/query', 'src/engine', 'src/domain', 'src/errors'],
  'src/query': ['src/engine', 'src/domain', 'src/errors'],
  'src/engine': ['src/errors', 'src/domain'],
  'src/checkpoint': ['streams', 'src/domain', 'src/errors'],
  'src/cluster': ['src/domain', 'src/errors'],
  'src/config': ['src/errors'],
  'src/observability': ['src/domain', 'src/errors'],
  'src/domain': ['src/errors'],
  'src/errors': [],
  actors: [
    'machines',
    'streams',
    'src/checkpoint',
    'src/cluster',
    'src/engine',
    'src/ingest',
    'src/domain',
    'src/errors'
  ],
  machines: ['src/domain'],
  streams: ['src/errors']
}

/** Packages that only one part may use. */
const packageOwners: Readonly<Record<string, readonly string[]>> = {
  kafkajs: ['streams'],
  fastify: ['src/api', 'src/gateway'],
  nats: ['src/api'],
  xstate: ['machines', 'actors'],
  pino: ['src/observability'],
  'prom-client': ['src/observability'],
  msgpackr: ['src/domain'],
  yaml: ['src/config']
}

interface Import {
  readonly file: string
  readonly from: string
  readonly to: string
}

function partOf(path: string): string {
  const folder = path
    .split('/')
    .slice(0, path.startsWith('src/') ? 2 : 1)
    .join('/')
  return /\.ts$/.test(folder) ? 'main' : folder
}

function sourceFiles(): string[] {
  return ['src', 'actors', 'machines', 'streams'].flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
      .filter((file) => file.endsWith('.ts'))
      .map((file) => join(folder, file))
  )
}

function importsOf(file: string): Import[] {
  const text = readFileSync(join(root, file), 'utf8')
  return [...text.matchAll(/(?:from|import)\s*\(?\s*'([^']+)'/g)].map(([, target = '']) => ({
    file,
    from: partOf(file),
    to: target.startsWith('.') ? relative(root, resolve(root, dirname(file), target)) : target
  }))
}

const imports = sourceFiles().flatMap(importsOf)
const local = imports.filter(({ to }) => to.endsWith('.ts'))

test('imports follow the arrows of the house', () => {
  const wrong = local.filter(({ from, to }) => {
    const target = partOf(to)
    return target !== from && !mayImport[from]?.includes(target)
  })
  expect(wrong).toEqual([])
})

test('other parts are entered by their index', () => {
  const deep = local.filter(({ from, to }) => {
    const hasIndex = ['src/domain', 'main'].includes(partOf(to))
    return partOf(to) !== from && !hasIndex && !/(^|\/)index\.ts$/.test(to)
  })
  // Each command is loaded only when it is given, so that none has to wait for the others.
  const wrong = deep.filter(({ from, to }) => !(from === 'main' && to.startsWith('src/cli/')))
  expect(wrong).toEqual([])
})

test('a package with one owner is used by no other part', () => {
  const wrong = imports.filter(({ from, to }) => {
    const owners = packageOwners[to]
    return owners !== undefined && !owners.includes(from)
  })
  expect(wrong).toEqual([])
})

test('only the engine loads the addon', () => {
  const loaders = sourceFiles().filter((file) =>
    readFileSync(join(root, file), 'utf8').includes("millrace.node'")
  )
  expect(loaders.every((file) => file.startsWith('src/engine/'))).toBe(true)
})
