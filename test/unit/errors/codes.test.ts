import { readdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { errorSpecs } from '../../../src/errors/codes.ts'

const folder = fileURLToPath(new URL('../../../src/errors/codes/', import.meta.url))

/** The tables of all files of the folder, as they are before they are put together. */
async function parts(): Promise<Record<string, { readonly native?: number }>[]> {
  const files = readdirSync(folder).filter((file) => file !== 'error-spec.ts')
  const modules = await Promise.all(files.map((file) => import(`${folder}${file}`)))
  return modules.flatMap((module) => Object.values(module)) as never
}

test('every code stands in one part of the table, and every part is in it', async () => {
  const codes = (await parts()).flatMap((part) => Object.keys(part))
  expect(codes.toSorted()).toEqual(Object.keys(errorSpecs).toSorted())
})

test('no two codes have one native number', async () => {
  const numbers = (await parts())
    .flatMap((part) => Object.values(part))
    .flatMap(({ native }) => (native === undefined ? [] : [native]))
  expect(numbers.length).toBeGreaterThan(0)
  expect(new Set(numbers).size).toBe(numbers.length)
})
