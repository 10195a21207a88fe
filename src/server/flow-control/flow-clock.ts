// Time as flow control needs it: never set back, finer than a millisecond, and with timers that a test can move.

export interface FlowClock {
  /** Milliseconds from any beginning. */
  now(): number
  /** Runs `task` once after `ms`, unless it is cancelled. Does not keep the process alive. */
  after(ms: number, task: () => void): { cancel(): void }
}

export const monotonicClock: FlowClock = {
  now: () => performance.now(),
  after: (ms, task) => {
    const timer = setTimeout(task, ms)
    timer.unref()
    return { cancel: () => clearTimeout(timer) }
  },
}
