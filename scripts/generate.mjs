// Rewrites every generated file of the tree from its one source.
import { mkdirSync, writeFileSync } from 'node:fs'
import { buildTypeScript } from './build.mjs'

buildTypeScript()
const { generatedFiles } = await import('../dist/scripts/generated-files.js')
for (const [path, text] of await generatedFiles()) {
  const file = new URL(`../${path}`, import.meta.url)
  mkdirSync(new URL('.', file), { recursive: true })
  writeFileSync(file, text)
  console.log(`wrote ${path}`)
}
