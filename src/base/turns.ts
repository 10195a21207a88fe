// Long work in slices: in each round of the event loop one of those who wait goes on, so that many of them hold it no longer than one does.

/** How much work may be done before others have their turn. */
export interface Budget {
  /** Whether others are due. */
  readonly isSpent: boolean
  /** Ends the work where it is aborted before its next turn. */
  readonly signal?: AbortSignal | undefined
  /** Others had their turn. */
  renew(): void
}

/** So many units of work, whatever the caller counts. */
export class WorkBudget implements Budget {
  readonly #most: number
  readonly signal: AbortSignal | undefined
  #spent = 0

  constructor(most: number, signal?: AbortSignal) {
    this.#most = most
    this.signal = signal
  }

  spend(units: number): void {
    this.#spent += units
  }

  get isSpent(): boolean {
    return this.#spent >= this.#most
  }

  renew(): void {
    this.#spent = 0
  }
}

/** Called between two steps of long work: lets others have their turn once the budget is spent. Rejects with the reason of its signal. */
export async function yieldIfDue(budget: Budget): Promise<void> {
  if (!budget.isSpent) return
  await turn()
  budget.renew()
  budget.signal?.throwIfAborted()
}

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
