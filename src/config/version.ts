import { readFileSync } from 'node:fs'

/** The version of this package. */
export const packageVersion = readPackageVersion()

function readPackageVersion(): string {
  // The compiled file lies one level deeper than the source, under dist/.
  for (const up of ['../../package.json', '../../../package.json']) {
    try {
      const { name, version } = JSON.parse(readFileSync(new URL(up, import.meta.url), 'utf8'))
      if (name === 'millrace') return String(version)
    } catch {
      // Not there: the other place is tried.
    }
  }
  throw new Error('the package file of millrace is missing')
}
