/**
 * Turns effects into actions of a machine. An effect runs right after the transition that asked for it,
 * in order, and outside of it: so it may send events to its own machine and to others.
 */
export function effects<const Effects extends Record<string, (parameter: never) => void>>(
  definitions: Effects
): Effects {
  // Each wrapped effect takes what the one it wraps takes.
  return Object.fromEntries(
    Object.entries(definitions).map(([name, effect]) => [
      name,
      (parameter: never) => queueMicrotask(() => effect(parameter))
    ])
  ) as Effects
}
