/** What an actor needs of a logger; pino's loggers fit. */
export interface ActorLogger {
  debug(facts: object, message: string): void
  info(facts: object, message: string): void
  warn(facts: object, message: string): void
  error(facts: object, message: string): void
  child(facts: object): ActorLogger
}
