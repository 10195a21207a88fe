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
  // Before the wait: others who share the budget go on meanwhile.
  budget.renew()
  await turn()
  budget.signal?.throwIfAborted()
}

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
