// Long work in slices: in each round of the event loop one of those who wait goes on, so that many of them hold it no longer than one does.

/** What work yields: nothing where others shall have their turn, or what it waits for. */
export type Wait = Promise<void> | void

const waiting: (() => void)[] = []
let isScheduled = false

/** Resolves in a later round of the event loop, behind those who asked before. */
export function turn(): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>()
  waiting.push(resolve)
  schedule()
  return promise
}

/**
 * Runs work that yields where it has done enough for one turn. A promise only where it yields: what is done within one turn costs no round of the
 * event loop. Rejects with the signal's reason where that is aborted before a turn.
 */
export function inTurns<T>(work: Iterator<Wait, T>, signal: AbortSignal): T | Promise<T> {
  const first = work.next()
  return first.done === true ? first.value : goOn(work, first.value, signal)
}

/** The same, held up by nobody: for what is small, or must not be interrupted. */
export function atOnce<T>(work: Iterator<void, T>): T {
  for (;;) {
    const step = work.next()
    if (step.done === true) return step.value
  }
}

async function goOn<T>(work: Iterator<Wait, T>, first: Wait, signal: AbortSignal): Promise<T> {
  for (let wait = first; ; ) {
    await (wait ?? turn())
    signal.throwIfAborted()
    const step = work.next()
    if (step.done === true) return step.value
    wait = step.value
  }
}

function schedule(): void {
  if (isScheduled) return
  isScheduled = true
  setImmediate(next)
}

function next(): void {
  isScheduled = false
  waiting.shift()?.()
  if (waiting.length > 0) schedule()
}
