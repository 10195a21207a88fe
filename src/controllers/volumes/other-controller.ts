// Whether a controller that somebody installed does the work: upstream's snapshot-controller and the sidecars of drivers hold leases, if they
// were started with --leader-election. Then ours stands back, so that nothing is served twice.
import { isReason } from '../../api/status.ts'
import type { Clock } from '../../base/clock.ts'
import type { Client } from '../../client/client.ts'
import { leases } from '../../client/resources.ts'

/** How long an answer is remembered: a reconciliation must not cost a request each time. */
const rememberedMs = 10_000
/** Upstream's leases last 15 seconds. One that was not renewed for this long has no holder. */
const heldMs = 60_000
/** Names of leases contain names of drivers, of which there are few. */
const maxRemembered = 256

export class OtherController {
  readonly #client: Pick<Client, 'get'>
  readonly #clock: Pick<Clock, 'now' | 'monotonic'>
  readonly #known = new Map<string, { readonly at: number; readonly isHeld: boolean }>()

  constructor(client: Pick<Client, 'get'>, clock: Pick<Clock, 'now' | 'monotonic'>) {
    this.#client = client
    this.#clock = clock
  }

  async holds(namespace: string, name: string, signal: AbortSignal): Promise<boolean> {
    const key = `${namespace}/${name}`
    const now = this.#clock.monotonic()
    const known = this.#known.get(key)
    if (known !== undefined && now - known.at < rememberedMs) return known.isHeld
    const isHeld = await this.#isHeld(namespace, name, signal)
    if (this.#known.size >= maxRemembered) this.#known.clear()
    this.#known.set(key, { at: now, isHeld })
    return isHeld
  }

  async #isHeld(namespace: string, name: string, signal: AbortSignal): Promise<boolean> {
    try {
      const { spec } = await this.#client.get(leases, namespace, name, signal)
      const renewed = Date.parse(spec?.renewTime ?? '')
      return (spec?.holderIdentity ?? '') !== '' && Math.abs(this.#clock.now() - renewed) < heldMs
    } catch (err) {
      if (isReason(err, 'NotFound')) return false
      throw err
    }
  }
}
