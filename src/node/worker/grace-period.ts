// The grace period in which a pod's containers stop. A later deletion may shorten it, as `kubectl delete --now` of a pod that is ending does.

/** Stops within `grace` seconds, or rejects with the signal's reason. */
export type Stop = (grace: number, signal: AbortSignal) => Promise<void>

export class GracePeriod {
  #seconds = Number.POSITIVE_INFINITY
  #shortened = new AbortController()

  /** Begins to stop again if that is under way with a longer period. */
  shorten(seconds: number): void {
    if (seconds >= this.#seconds) return
    this.#seconds = seconds
    this.#shortened.abort(new Error('the grace period was shortened'))
  }

  async run(seconds: number, signal: AbortSignal, stop: Stop): Promise<void> {
    this.#seconds = seconds
    while (true) {
      const shortened = new AbortController()
      this.#shortened = shortened
      try {
        return await stop(this.#seconds, AbortSignal.any([signal, shortened.signal]))
      } catch (err) {
        if (signal.aborted || !shortened.signal.aborted) throw err
      }
    }
  }
}
