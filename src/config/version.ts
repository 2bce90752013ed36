import { readFileSync } from 'node:fs'

/** The version of this package. */
export const packageVersion = readPackageVersion()

/** The commit that it was built from: 40 hexadecimal digits, zeros when it was built outside of a checkout. */
export const packageCommit = readCommit()

function readCommit(): string {
  try {
    const text = readFileSync(new URL('../../commit.txt', import.meta.url), 'utf8')
    if (/^[0-9a-f]{40}$/.test(text)) return text
  } catch {
    // Built outside of a checkout.
  }
  return '0'.repeat(40)
}

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
