// Images that run and have to be evaluated again, each at most once: first all that need no registry, so that a revoked signer is refused everywhere at
// once. Those that need one are read apart, and none waits for the registry of another.
import type { PodImages } from '../api/types/supply-v1.ts'
import { turn } from '../base/async/turns.ts'
import { type Clock, pause } from '../base/clock.ts'

export interface Evaluation {
  readonly namespace: string
  readonly image: string
  readonly digest: string
}

export interface EvaluationWork {
  /** Asked once for all calls of `all()` that come together. */
  pods(): Iterable<PodImages>
  /** From what is known. False if a registry has to be asked. Must not throw. */
  quickly(evaluation: Evaluation): boolean
  /** Limits itself what it does at once. Resolves to false if it has to be done once more, later. Must not reject. */
  slowly(evaluation: Evaluation): Promise<boolean>
}

/** Changes that come together are evaluated together. */
const settleMs = 20
/** What could not be read is read again after this time, and each time after twice as long. */
export const retryMs = 30_000
export const maxRetryMs = 120_000
/** Others are answered after so many milliseconds of work. */
const turnMs = 10

export class DueEvaluations {
  readonly #clock: Clock
  readonly #work: EvaluationWork
  readonly #due = new Map<string, Evaluation>()
  /** Being read, or waiting to be tried again. */
  readonly #slow = new Map<string, { again: boolean }>()
  #allAreDue = false
  #wake: () => void = () => undefined

  constructor(clock: Clock, work: EvaluationWork) {
    this.#clock = clock
    this.#work = work
  }

  pod(pod: PodImages): void {
    this.#add(pod)
    this.#wake()
  }

  /** Every pod, as after a change of a policy. Changes that come together cause one pass over the pods. */
  all(): void {
    this.#allAreDue = true
    this.#wake()
  }

  #add({ metadata: { namespace = '' }, spec }: PodImages): void {
    if (spec.phase === 'Succeeded' || spec.phase === 'Failed') return
    for (const { image, digest } of spec.images)
      if (digest !== undefined) this.#due.set(`${namespace}\n${image}\n${digest}`, { namespace, image, digest })
  }

  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      if (this.#due.size === 0 && !this.#allAreDue) await this.#more(signal)
      await pause(this.#clock, settleMs, signal)
      if (this.#allAreDue) for (const pod of this.#work.pods()) this.#add(pod)
      this.#allAreDue = false
      const batch = [...this.#due]
      this.#due.clear()
      let until = performance.now() + turnMs
      for (const [key, evaluation] of batch) {
        if (signal.aborted) return
        if (!this.#work.quickly(evaluation)) this.#slowly(key, evaluation, signal)
        if (performance.now() < until) continue
        await turn()
        until = performance.now() + turnMs
      }
    }
  }

  /** One request of an image at a time; a change meanwhile has it asked once more. */
  #slowly(key: string, evaluation: Evaluation, signal: AbortSignal): void {
    const running = this.#slow.get(key)
    if (running !== undefined) {
      running.again = true
      return
    }
    const own = { again: false }
    this.#slow.set(key, own)
    void this.#untilDone(own, evaluation, signal).finally(() => this.#slow.delete(key))
  }

  async #untilDone(own: { again: boolean }, evaluation: Evaluation, signal: AbortSignal): Promise<void> {
    let waitMs = retryMs
    while (!signal.aborted) {
      own.again = false
      const isDone = await this.#work.slowly(evaluation)
      if (isDone && !own.again) return
      if (isDone) continue
      await pause(this.#clock, waitMs, signal)
      waitMs = Math.min(maxRetryMs, waitMs * 2)
    }
  }

  #more(signal: AbortSignal): Promise<void> {
    return new Promise(resolve => {
      const wake = () => {
        signal.removeEventListener('abort', wake)
        resolve()
      }
      this.#wake = wake
      if (signal.aborted) return wake()
      signal.addEventListener('abort', wake, { once: true })
    })
  }
}
