// Time that a test moves, with its timers in their order.
import type { FlowClock } from './flow-clock.ts'

export class FakeFlowClock implements FlowClock {
  #now = 0
  #timers: { readonly at: number; readonly task: () => void }[] = []

  now(): number {
    return this.#now
  }

  after(ms: number, task: () => void): { cancel(): void } {
    const timer = { at: this.#now + ms, task }
    this.#timers.push(timer)
    return {
      cancel: () => {
        this.#timers = this.#timers.filter(other => other !== timer)
      },
    }
  }

  get timers(): number {
    return this.#timers.length
  }

  /** Runs what is due up to then, each at its own time. */
  advance(ms: number): void {
    const end = this.#now + ms
    for (;;) {
      const next = this.#timers.filter(({ at }) => at <= end).sort((a, b) => a.at - b.at)[0]
      if (next === undefined) break
      this.#timers = this.#timers.filter(other => other !== next)
      this.#now = Math.max(this.#now, next.at)
      next.task()
    }
    this.#now = end
  }
}
