// Splits long work into slices. Each round of the event loop resumes one waiting task, so many tasks block the loop no longer than one does.

import { processorMs } from './processor-time.ts'

/** How much work a task may do before it yields. */
export interface Budget {
  /** Whether the task must yield now. */
  readonly isSpent: boolean
  /** Ends the task if aborted while it has yielded. */
  readonly signal?: AbortSignal | undefined
  /** Called when the task yields. */
  renew(): void
}

/** A number of work units; the caller decides what a unit is. */
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

/** Call it between two steps of long work: yields if the budget is spent. Rejects with the reason of its signal. */
export async function yieldIfDue(budget: Budget): Promise<void> {
  if (!budget.isSpent) return
  // Renewed before the wait, because tasks that share the budget go on meanwhile.
  budget.renew()
  await turn()
  budget.signal?.throwIfAborted()
}

/** A longer turn is followed by rounds of others: requests that came meanwhile, and those that wait behind them. */
const longMs = 5
/** A round that takes less had nothing to do. */
const quietMs = 0.05

const waiting: (() => void)[] = []
let isScheduled = false
let began = 0
let took = 0
let restEnds = 0
let roundBegan = 0

/** Resolves in a later round of the event loop, after all calls made before it. */
export function turn(): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>()
  waiting.push(resolve)
  if (!isScheduled) schedule()
  return promise
}

/** Processor time of all turns so far, in milliseconds: of the tasks that yielded, until they yielded again or waited. */
export const turnsMs = (): number => took

function schedule(): void {
  isScheduled = true
  // Between the two runs nothing but what the resumed task does.
  setImmediate(next)
  setImmediate(measure)
}

function next(): void {
  began = processorMs()
  waiting.shift()?.()
}

function measure(): void {
  const now = processorMs()
  took += now - began
  if (now - began > longMs) {
    restEnds = now + (now - began)
    roundBegan = now
    setImmediate(rest)
  } else goOn()
}

/** Others have as much time as the turn took, or until they have nothing more to do. */
function rest(): void {
  const now = processorMs()
  const isOver = now - roundBegan < quietMs || now >= restEnds
  roundBegan = now
  if (isOver) goOn()
  else setImmediate(rest)
}

function goOn(): void {
  isScheduled = false
  if (waiting.length > 0) schedule()
}
