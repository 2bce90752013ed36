import { goProgram, runs } from './go-program.ts'

/**
 * The NATS server that the tests start: the program that NATS_SERVER names, else the pinned version, built once with Go
 * into the ignored folder `.cache/`, else the one that is installed.
 *
 * @returns its path
 * @throws  what is missing, and how to get it
 */
export async function natsProgram(): Promise<string> {
  const named = process.env['NATS_SERVER']
  if (named !== undefined && named !== '') {
    if (await runs(named, '--version')) return named
    throw new Error(`NATS_SERVER is ${named}, and that cannot be run`)
  }
  const built = await goProgram({
    name: 'nats-server',
    package: 'github.com/nats-io/nats-server/v2',
    version: 'v2.12.15'
  })
  if (built !== undefined) return built
  if (await runs('nats-server', '--version')) return 'nats-server'
  throw new Error(
    'the tests need a NATS server, and there is neither Go to build one nor nats-server itself: install one of them ' +
      '(Debian: apt-get install golang-go, or nats-server; macOS: brew install nats-server), or name a program by NATS_SERVER'
  )
}
