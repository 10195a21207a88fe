// Limits open streams, which hold no seat, per user and per namespace of ServiceAccounts.
import { isAdministrator } from '../../access/authorizers/own-parts.ts'
import { limitHolder } from '../../access/limit-subject.ts'
import type { UserInfo } from '../../api/user.ts'
import type { Query } from '../request/query.ts'
import { FlowRefusal } from './flow-refusal.ts'

export interface StreamLimitOptions {
  /** Open watches of one user. Does not apply to administrators and components of the control plane. */
  readonly watchesPerUser: number
  /** Open exec, attach and port-forward connections and followed logs of one user, in sum. */
  readonly sessionsPerUser: number
}

export type StreamKind = 'watch' | 'session'

/** They watch the whole cluster, which stops working without them. */
const controlPlane = new Set(['system:apiserver', 'system:kube-controller-manager', 'system:kube-scheduler'])

/** A watch counts once more for each of this many characters of selectors. */
const selectorPerPlace = 128

/** A watch with long selectors takes more of its user's places: each change of an object is compared with each requirement. */
export const watchPlaces = (query: Query): number =>
  Math.max(1, Math.ceil(((query.get('labelSelector')?.length ?? 0) + (query.get('fieldSelector')?.length ?? 0)) / selectorPerPlace))

export class StreamLimits {
  readonly #limits: StreamLimitOptions
  readonly #open = { watch: new Map<string, number>(), session: new Map<string, number>() }

  constructor(limits: StreamLimitOptions) {
    this.#limits = limits
  }

  /** The returned function ends the stream; further calls do nothing. Throws a 429 if the user has too many. `places`: how many it counts for. */
  open(user: UserInfo, kind: StreamKind, places = 1): () => void {
    const counts = this.#open[kind]
    const holder = limitHolder(user.name)
    const before = counts.get(holder) ?? 0
    if (before + places > this.#most(user, kind))
      throw new FlowRefusal(`too many ${kind === 'watch' ? 'watches' : 'sessions'} of this user are open`, 1)
    counts.set(holder, before + places)
    let counted = true
    return () => {
      if (!counted) return
      counted = false
      const left = (counts.get(holder) ?? 0) - places
      if (left > 0) counts.set(holder, left)
      else counts.delete(holder)
    }
  }

  #most(user: UserInfo, kind: StreamKind): number {
    if (kind === 'session') return this.#limits.sessionsPerUser
    return isAdministrator(user) || controlPlane.has(user.name) ? Infinity : this.#limits.watchesPerUser
  }
}
