#!/usr/bin/env node
/** The composition root: reads the config, builds everything, owns start and stop; the only `process.exit`. */
import { helpText, type LoadedConfig, loadConfig, packageVersion } from './config/index.ts'
import { toEngineError } from './errors/index.ts'

const args = process.argv.slice(2)

try {
  await run(args)
} catch (cause) {
  process.stderr.write(
    `millrace: ${toEngineError(cause).message.replace(/^Service internal error: /, '')}\n`
  )
  process.exit(1)
}

async function run(argv: readonly string[]): Promise<void> {
  if (argv.includes('--help') || argv.includes('-h')) return print(helpText())
  if (argv.includes('--version') || argv.includes('-v'))
    return print(`millrace ${packageVersion}\n`)
  const loaded = loadConfig(argv, process.env)
  const [command, ...rest] = loaded.positionals
  if (command === undefined || command === 'serve') return serve(loaded)
  if (command === 'log' && rest[0] === 'dump' && rest[1] !== undefined) {
    const { dumpLog } = await import('./cli/log-dump.ts')
    process.exitCode = await dumpLog(rest[1], rest[2])
    return
  }
  if (command === 'log' && rest[0] === 'verify' && rest[1] !== undefined) {
    const { verifyLog } = await import('./cli/log-verify.ts')
    process.exitCode = await verifyLog(rest[1])
    return
  }
  if (command === 'verify' && rest[0] !== undefined) {
    const { verifyData } = await import('./cli/verify.ts')
    process.exitCode = await verifyData(rest[0])
    return
  }
  process.stderr.write(
    `millrace: unknown command \`${loaded.positionals.join(' ')}\`; see millrace --help\n`
  )
  process.exitCode = 2
}

async function serve(loaded: LoadedConfig): Promise<void> {
  const starting = start(loaded)
  let signals = 0
  // Heard from the first moment: a signal during the start waits for its end and then stops in order.
  const onSignal = (signal: NodeJS.Signals) => {
    signals += 1
    if (signals > 1) process.exit(130)
    starting
      .then((server) => server.stop(signal))
      .then(
        () => process.exit(0),
        () => process.exit(1)
      )
  }
  process.on('SIGTERM', onSignal)
  process.on('SIGINT', onSignal)
  const server = await starting
  server.failed.catch(async () => {
    await server.stop('failure').catch(() => {})
    process.exit(1)
  })
}

// Loaded here, so that --help and --version need neither the addon nor the gateway.
async function start(loaded: LoadedConfig) {
  const { startServer } = await import('./server.ts')
  return startServer(loaded)
}

function print(text: string): void {
  process.stdout.write(text)
}
