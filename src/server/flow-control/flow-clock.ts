// The clock of flow control: monotonic, finer than a millisecond, with timers that tests can advance.

export interface FlowClock {
  /** Milliseconds since an arbitrary time. */
  now(): number
  /** Runs `task` once after `ms` unless cancelled. Does not keep the process alive. */
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
