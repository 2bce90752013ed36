import { EngineError } from '../src/errors/index.ts'

/** Events that may wait for an actor: far more than any has ever had, and few enough to hold in memory. */
export const mailboxEventsMax = 1024

/** As much of a running machine as its mailbox needs. */
interface Machine<Event> {
  send(event: Event): void
  getSnapshot(): { readonly status: string }
  subscribe(observer: { error(cause: unknown): void }): unknown
}

/**
 * The way into a machine: events wait while it handles another, at most `limit` of them. An event that comes when nothing
 * is under way is handled before the call returns.
 *
 * @param onBroken  called once when an event finds no room (MILLRACE_MAILBOX_FULL) or the machine throws: it handles
 *                  nothing any more, and must be started anew
 */
export function mailboxOf<Event>(
  machine: Machine<Event>,
  options: {
    readonly actor: string
    readonly onBroken: (error: Error) => void
    readonly limit?: number
  }
): (event: Event) => void {
  const { actor, onBroken, limit = mailboxEventsMax } = options
  const waiting: Event[] = []
  let isDelivering = false
  let isBroken = false
  const breakWith = (error: Error) => {
    if (isBroken) return
    isBroken = true
    waiting.length = 0
    onBroken(error)
  }
  machine.subscribe({
    error: (cause) => breakWith(cause instanceof Error ? cause : new Error(String(cause)))
  })

  return (event) => {
    if (isBroken) return
    if (waiting.length >= limit) {
      breakWith(new EngineError('MILLRACE_MAILBOX_FULL', { actor, limit }))
      return
    }
    waiting.push(event)
    if (isDelivering) return
    isDelivering = true
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      // What comes after a machine's end, such as a timer's last event, concerns nobody.
      if (machine.getSnapshot().status === 'active') machine.send(next)
    }
    isDelivering = false
  }
}
