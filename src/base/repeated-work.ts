// Repeats work by key: at most once at a time for each key, again at once if it became due meanwhile, otherwise after the time that the work
// returns.
import { type Clock, pause } from './clock.ts'
import type { Logger } from './log.ts'

/** Milliseconds until the next run; `when due` waits only for `due`, `never` drops the key. */
export type NextTime = number | 'when due' | 'never'

export interface RepeatedWorkParts {
  /** For the log. */
  readonly name: string
  readonly clock: Clock
  readonly log: Logger
  /** A rejection is logged and retried. */
  work(key: string): Promise<NextTime>
}

interface State {
  due: boolean
  /** Ends the pause before the next run. */
  wake: () => void
}

const retryMs = 1000

export class RepeatedWork {
  readonly #parts: RepeatedWorkParts
  readonly #signal: AbortSignal
  readonly #states = new Map<string, State>()
  readonly #running = new Set<Promise<void>>()
  #begun = false

  constructor(parts: RepeatedWorkParts, signal: AbortSignal) {
    this.#parts = parts
    this.#signal = signal
  }

  /** Now, or as soon as `run` is called. */
  due(key: string): void {
    const known = this.#states.get(key)
    if (known !== undefined) {
      known.due = true
      known.wake()
      return
    }
    const state = { due: true, wake: () => undefined }
    this.#states.set(key, state)
    if (this.#begun) this.#begin(key, state)
  }

  /** Runs until the signal, and until started work has ended. */
  async run(): Promise<void> {
    this.#begun = true
    for (const [key, state] of this.#states) this.#begin(key, state)
    if (!this.#signal.aborted) await new Promise<void>(resolve => this.#signal.addEventListener('abort', () => resolve(), { once: true }))
    for (const { wake } of this.#states.values()) wake()
    await Promise.all(this.#running)
  }

  #begin(key: string, state: State): void {
    const running = this.#repeat(key, state)
    this.#running.add(running)
    void running.then(() => this.#running.delete(running))
  }

  async #repeat(key: string, state: State): Promise<void> {
    while (!this.#signal.aborted) {
      state.due = false
      const next = await this.#attempt(key)
      if (state.due) continue
      if (next === 'never') break
      await this.#rest(state, next)
    }
    this.#states.delete(key)
  }

  async #attempt(key: string): Promise<NextTime> {
    try {
      return await this.#parts.work(key)
    } catch (err) {
      if (!this.#signal.aborted) this.#parts.log.error('work failed, trying again', { work: this.#parts.name, key, err })
      return retryMs
    }
  }

  async #rest(state: State, next: number | 'when due'): Promise<void> {
    if (this.#signal.aborted) return
    const woken = new AbortController()
    state.wake = () => woken.abort(new Error('due'))
    if (next !== 'when due') await pause(this.#parts.clock, next, woken.signal)
    else await new Promise<void>(resolve => woken.signal.addEventListener('abort', () => resolve(), { once: true }))
    state.wake = () => undefined
  }
}
