const everyMs = 1_000

/** Says now and then, on the error output, how far a long command is; a short one says nothing. */
export class Progress {
  private lastMs = performance.now()

  say(text: () => string): void {
    const nowMs = performance.now()
    if (nowMs - this.lastMs < everyMs) return
    this.lastMs = nowMs
    process.stderr.write(`  ${text()}\n`)
  }
}
