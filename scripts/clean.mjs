import { rmSync } from 'node:fs'
import { root } from './build.mjs'

for (const folder of ['dist', 'build', '.stamps'])
  rmSync(`${root}/${folder}`, { recursive: true, force: true })
