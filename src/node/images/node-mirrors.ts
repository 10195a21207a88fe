// The mirrors of registries on a node: whenever they change, the runtime's configuration is written before the next container starts.
import { untilAborted } from '../../base/async/abort.ts'
import { type Clock, pause } from '../../base/clock.ts'
import type { Logger } from '../../base/log.ts'
import { FollowedMirrors, type FollowMirrorsOptions } from '../../client/followed-mirrors.ts'
import type { NodeMirrors } from './cluster-registry.ts'

/** A disk that is full is tried again after this time. */
const retryMs = 5000

export interface FollowingMirrors extends NodeMirrors {
  /** Resolves after the signal. */
  run(signal: AbortSignal): Promise<void>
}

/** `apply` gives them to the runtime; default: there is none. */
export function nodeMirrors(
  options: FollowMirrorsOptions,
  apply: (mirrors: FollowedMirrors) => Promise<void> = () => Promise.resolve(),
): FollowingMirrors {
  const followed = new FollowedMirrors(options)
  const changes = new Changes()
  followed.onChange(() => changes.changed())
  return {
    of: registry => followed.of(registry),
    credentials: mirror => followed.credentials(mirror),
    ready: signal => untilAborted(changes.applied(), signal),
    async run(signal) {
      const applying = async () => {
        await followed.synced(signal)
        await changes.run(() => apply(followed), options, signal)
      }
      await Promise.all([
        followed.run(signal),
        applying().catch((err: unknown) => {
          if (!signal.aborted) throw err
        }),
      ])
    },
  }
}

/** Changes that were made, and those that were applied. */
class Changes {
  #made = 1
  #done = 0
  #next = Promise.withResolvers<void>()
  #more = Promise.withResolvers<void>()

  changed(): void {
    this.#made++
    this.#more.resolve()
  }

  /** Resolves when everything that was changed so far is applied. */
  async applied(): Promise<void> {
    const wanted = this.#made
    while (this.#done < wanted) await this.#next.promise
  }

  async run(
    apply: () => Promise<void>,
    { clock, log }: { readonly clock: Clock; readonly log: Logger },
    signal: AbortSignal,
  ): Promise<void> {
    while (!signal.aborted) {
      const made = this.#made
      this.#more = Promise.withResolvers()
      try {
        await apply()
      } catch (err) {
        log.error('cannot configure the mirrors of registries', { err })
        await pause(clock, retryMs, signal)
        continue
      }
      this.#done = made
      this.#next.resolve()
      this.#next = Promise.withResolvers()
      if (this.#made === made) await untilAborted(this.#more.promise, signal).catch(() => undefined)
    }
  }
}
