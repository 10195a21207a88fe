// Merges simultaneous pulls of one image with the same credentials, and limits how many run at once: they share the network and the disk.
import { writeJson } from '../../base/write-json.ts'
import type { ContainerRuntime } from '../cri/runtime.ts'

type PullAuth = Parameters<ContainerRuntime['pullImage']>[1]

/** Upstream pulls one at a time by default (`serializeImagePulls`), so that one large image delays all others. */
const maxAtOnce = 4

interface SharedPull {
  readonly outcome: Promise<string>
  readonly stop: AbortController
  wanted: number
}

export class SharedPulls {
  readonly #runtime: Pick<ContainerRuntime, 'pullImage'>
  readonly #pulls = new Map<string, SharedPull>()
  readonly #waiting = new Set<() => void>()
  #running = 0

  constructor(runtime: Pick<ContainerRuntime, 'pullImage'>) {
    this.#runtime = runtime
  }

  /** The image's id from the runtime. The signal ends this caller's wait, and the pull if no other caller waits. */
  async pull(image: string, auth: PullAuth, signal: AbortSignal): Promise<string> {
    signal.throwIfAborted()
    const key = writeJson([image, auth ?? null])
    const shared = this.#pulls.get(key) ?? this.#begin(key, image, auth)
    shared.wanted++
    const gone = Promise.withResolvers<never>()
    const leave = () => gone.reject(signal.reason)
    signal.addEventListener('abort', leave, { once: true })
    try {
      return await Promise.race([shared.outcome, gone.promise])
    } finally {
      signal.removeEventListener('abort', leave)
      if (--shared.wanted === 0) {
        // A new caller must not join a pull that is ending.
        if (this.#pulls.get(key) === shared) this.#pulls.delete(key)
        shared.stop.abort(new Error('the image is no longer needed'))
      }
    }
  }

  #begin(key: string, image: string, auth: PullAuth): SharedPull {
    const stop = new AbortController()
    const outcome = this.#run(image, auth, stop.signal).finally(() => {
      if (this.#pulls.get(key) === shared) this.#pulls.delete(key)
    })
    const shared: SharedPull = { outcome, stop, wanted: 0 }
    // There may be no caller left to handle a failure.
    outcome.catch(() => undefined)
    this.#pulls.set(key, shared)
    return shared
  }

  async #run(image: string, auth: PullAuth, signal: AbortSignal): Promise<string> {
    if (this.#running >= maxAtOnce) await this.#turn(signal)
    else this.#running++
    try {
      return await this.#runtime.pullImage(image, auth, signal)
    } finally {
      const [next] = this.#waiting
      // The slot passes to the next pull without becoming free.
      if (next) next()
      else this.#running--
    }
  }

  #turn(signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const go = () => {
        this.#waiting.delete(go)
        signal.removeEventListener('abort', leave)
        resolve()
      }
      const leave = () => {
        this.#waiting.delete(go)
        reject(signal.reason)
      }
      this.#waiting.add(go)
      signal.addEventListener('abort', leave, { once: true })
    })
  }
}
