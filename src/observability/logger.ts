import { type Logger, pino } from 'pino'

export type { Logger }

/** Structured lines on standard output. Messages are constant phrases; facts are fields with units. */
export function createLogger(level: string): Logger {
  return pino({
    level,
    base: null,
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label) => ({ level: label }) },
    serializers: { err: pino.stdSerializers.err },
    // Offsets and ids are bigints.
    hooks: {
      logMethod(args, method) {
        const [facts, ...rest] = args
        method.apply(this, [withPlainNumbers(facts), ...rest] as typeof args)
      }
    }
  })
}

function withPlainNumbers(facts: unknown): unknown {
  if (typeof facts !== 'object' || facts === null || facts instanceof Error) return facts
  return Object.fromEntries(
    Object.entries(facts).map(([name, value]) => [
      name,
      typeof value === 'bigint' ? value.toString() : value
    ])
  )
}
