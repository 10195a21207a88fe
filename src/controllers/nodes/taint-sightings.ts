// Measures how long taints have been on their nodes. Only the control plane's own have a time, which counts at first sight; from then on the
// monotonic clock counts.
import type { Node, Taint } from '../../api/types/core-v1.ts'
import type { Clock } from '../../base/clock.ts'

const idOf = ({ key, value = '', effect }: Taint): string => `${key}=${value}:${effect}`

export class TaintSightings {
  readonly #clock: Pick<Clock, 'now' | 'monotonic'>
  /** Since when, by node and taint. A removed taint is dropped: when it is added again, its time starts over. */
  readonly #seen = new Map<string, ReadonlyMap<string, number>>()

  constructor(clock: Pick<Clock, 'now' | 'monotonic'>) {
    this.#clock = clock
  }

  /** Call it with every state of the node. */
  note({ metadata: { name = '' }, spec }: Node): void {
    const known = this.#seen.get(name)
    const taints = (spec?.taints ?? []).filter(({ effect }) => effect === 'NoExecute')
    if (taints.length === 0) this.#seen.delete(name)
    else this.#seen.set(name, new Map(taints.map(taint => [idOf(taint), known?.get(idOf(taint)) ?? this.#began(taint)])))
  }

  drop(nodeName: string): void {
    this.#seen.delete(nodeName)
  }

  /** In ms. */
  age(nodeName: string, taint: Taint): number {
    const now = this.#clock.monotonic()
    return now - (this.#seen.get(nodeName)?.get(idOf(taint)) ?? now)
  }

  #began({ timeAdded = '' }: Taint): number {
    const added = Date.parse(timeAdded)
    return this.#clock.monotonic() - (Number.isNaN(added) ? 0 : Math.max(0, this.#clock.now() - added))
  }
}
