// Long work in slices: in each round of the event loop one of those who wait goes on, so that many of them hold it no longer than one does.

const waiting: (() => void)[] = []
let isScheduled = false

/** Resolves in a later round of the event loop, behind those who asked before. */
export function turn(): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>()
  waiting.push(resolve)
  schedule()
  return promise
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
