// Rewrites every generated file of the tree from its one source.
import { writeFileSync } from 'node:fs'
import { buildTypeScript } from './build.mjs'

buildTypeScript()
const { generatedFiles } = await import('../dist/scripts/generated-files.js')
for (const [path, text] of await generatedFiles()) {
  writeFileSync(new URL(`../${path}`, import.meta.url), text)
  console.log(`wrote ${path}`)
}
