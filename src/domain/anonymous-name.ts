import { createHash } from 'node:crypto'

/** Stands for a name that is not to be told; the same name always gives the same one. */
export function anonymousName(name: string): string {
  return createHash('sha256').update(name).digest('hex').slice(0, 16)
}
