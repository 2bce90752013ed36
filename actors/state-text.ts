/** @returns a machine's state as people read it: `ready`, `{creating:creatingTopic}` */
export function stateText(value: unknown): string {
  return JSON.stringify(value).replaceAll('"', '')
}
