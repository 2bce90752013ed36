import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, readFile, rename, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const run = promisify(execFile)

/** The repository, also when this file runs as built. */
const root = findRoot(dirname(fileURLToPath(import.meta.url)))

export const kafkaFiles = join(root, 'test/support/kafka')

/**
 * Brings the jars that `test/support/kafka/pom.xml` names into the ignored folder `.cache/`, once for each state of that file.
 *
 * @returns the class path
 * @throws with what is missing: Maven, or a repository that answers
 */
export async function kafkaClassPath(): Promise<string> {
  const pom = join(kafkaFiles, 'pom.xml')
  const state = createHash('sha256')
    .update(await readFile(pom))
    .digest('hex')
  const folder = join(root, '.cache', `kafka-${state.slice(0, 12)}`)
  if (!existsSync(folder)) await resolveJars(pom, folder)
  return join(folder, '*')
}

/** Several test processes may do so at once: each works in a folder of its own, and the first rename wins. */
async function resolveJars(pom: string, folder: string): Promise<void> {
  const own = `${folder}.${process.pid}`
  await mkdir(own, { recursive: true })
  const maven = [
    '-B',
    '-q',
    '-f',
    pom,
    'org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies',
    '-DincludeScope=runtime',
    `-DoutputDirectory=${own}`
  ]
  try {
    await run('mvn', maven, { timeout: 300_000 })
    await rename(own, folder)
  } catch (cause) {
    await rm(own, { recursive: true, force: true })
    if (existsSync(folder)) return
    throw new Error(
      `the tests need Kafka, and Maven could not fetch its jars (mvn must be installed and reach a repository): ${outputOf(cause)}`,
      { cause }
    )
  }
}

function outputOf(cause: unknown): string {
  const { stdout = '', stderr = '', message = String(cause) } = cause as Record<string, string>
  return `${message}\n${stdout}${stderr}`.trim().slice(0, 2000)
}

function findRoot(folder: string): string {
  if (existsSync(join(folder, 'package.json'))) return folder
  const parent = dirname(folder)
  if (parent === folder) throw new Error('no package.json above the tests')
  return findRoot(parent)
}
