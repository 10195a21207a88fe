// Pods without a node: ready ones by priority and age, failed ones after a back-off, unschedulable ones until an event.
import type { Pod } from '../api/types/core-v1.ts'
import type { ClusterEvent, SchedulerPlugin } from './framework/framework.ts'
import { idOf, priorityOf } from './framework/node-info.ts'

interface Queued {
  pod: Pod
  /** Time of the first try, and anew of each failure: a failed pod goes behind waiting pods of the same priority. */
  addedAt: number
  attempts: number
  /** Not retried before this time. */
  notBefore: number
  /** Plugins that refused it; empty if it was not refused. */
  refusedBy: ReadonlySet<string>
  /** Not to be woken before running work for it ends; `woken` if an event came meanwhile. */
  held?: { woken: boolean }
}

const firstBackoffMs = 1000
const maxBackoffMs = 10_000
/** Up to this many pods skip their back-off if the scheduler is idle, as upstream; with more, the back-off saves CPU time. */
const fewBackoffs = 32
/** The longest wait, whatever events come. */
export const maxWaitMs = 300_000

export class SchedulingQueue {
  readonly #active: Queued[] = []
  readonly #backoff = new Map<string, Queued>()
  readonly #unschedulable = new Map<string, Queued>()
  readonly #byId = new Map<string, Queued>()
  /** No unschedulable pod was refused with an earlier `notBefore`; until that is long ago, none needs to be checked. */
  #earliest = Number.POSITIVE_INFINITY
  readonly #wakesOn: ReadonlyMap<string, readonly ClusterEvent[]>

  constructor(plugins: readonly SchedulerPlugin[]) {
    this.#wakesOn = new Map(plugins.map(({ name, wakesOn }) => [name, wakesOn]))
  }

  get counts(): { readonly active: number; readonly backoff: number; readonly unschedulable: number } {
    return { active: this.#active.length, backoff: this.#backoff.size, unschedulable: this.#unschedulable.size }
  }

  /** A new pod, or a new state of a waiting one; `changed` says that the change may make it fit. */
  set(pod: Pod, now: number, changed = true): void {
    const id = idOf(pod)
    const known = this.#byId.get(id)
    if (known === undefined) {
      const queued = { pod, addedAt: now, attempts: 0, notBefore: 0, refusedBy: new Set<string>() }
      this.#byId.set(id, queued)
      insert(this.#active, queued)
      return
    }
    known.pod = pod
    if (changed && this.#unschedulable.has(id)) this.#wake(id, known, now)
  }

  delete(pod: Pod): void {
    const id = idOf(pod)
    const known = this.#byId.get(id)
    if (known === undefined) return
    this.#byId.delete(id)
    this.#backoff.delete(id)
    this.#unschedulable.delete(id)
    const index = this.#active.indexOf(known)
    if (index !== -1) this.#active.splice(index, 1)
  }

  /** Removes and returns the next pod to place. It comes back through one of the two functions below. */
  take(now: number): Pod | undefined {
    for (const [id, queued] of this.#backoff) {
      if (queued.notBefore > now) continue
      this.#backoff.delete(id)
      insert(this.#active, queued)
    }
    const next = this.#active.shift() ?? this.#early()
    if (next === undefined) return undefined
    next.attempts++
    return next.pod
  }

  /** The first woken pod in order of readiness; pods that failed otherwise keep their back-off. */
  #early(): Queued | undefined {
    if (this.#backoff.size > fewBackoffs) return undefined
    let first: [string, Queued] | undefined
    for (const [id, queued] of this.#backoff) {
      if (queued.refusedBy.size > 0 && (first === undefined || isBefore(queued, first[1]))) first = [id, queued]
    }
    if (first !== undefined) this.#backoff.delete(first[0])
    return first?.[1]
  }

  /** The pod fits nowhere: it waits for an event that one of the refusing plugins registered for. */
  refused(pod: Pod, refusedBy: ReadonlySet<string>, now: number): void {
    const queued = this.#byId.get(idOf(pod))
    if (queued === undefined) return
    queued.refusedBy = refusedBy
    queued.addedAt = now
    queued.notBefore = now + backoffOf(queued.attempts)
    this.#earliest = Math.min(this.#earliest, queued.notBefore)
    this.#unschedulable.set(idOf(pod), queued)
  }

  /** Something else failed (binding): retry after a back-off. */
  failed(pod: Pod, now: number): void {
    const queued = this.#byId.get(idOf(pod))
    if (queued === undefined) return
    queued.refusedBy = new Set()
    queued.addedAt = now
    queued.notBefore = now + backoffOf(queued.attempts)
    this.#backoff.set(idOf(pod), queued)
  }

  /** Work for a refused pod is running: a retry before it ends would start the same again. */
  hold(pod: Pod): void {
    const queued = this.#unschedulable.get(idOf(pod))
    if (queued !== undefined) queued.held = { woken: false }
  }

  /** The work ended; `retry` if it failed. */
  release(pod: Pod, retry: boolean, now: number): void {
    const queued = this.#unschedulable.get(idOf(pod))
    if (queued?.held === undefined) return
    const { woken } = queued.held
    delete queued.held
    if (woken || retry) this.#wake(idOf(pod), queued, now)
  }

  wake(event: ClusterEvent, now: number): void {
    for (const [id, queued] of this.#unschedulable) {
      if ([...queued.refusedBy].some(plugin => this.#wakesOn.get(plugin)?.includes(event))) this.#wake(id, queued, now)
    }
  }

  wakeLongWaiting(now: number): void {
    if (now - this.#earliest < maxWaitMs) return
    this.#earliest = Number.POSITIVE_INFINITY
    for (const [id, queued] of this.#unschedulable) {
      if (now - queued.notBefore < maxWaitMs) {
        this.#earliest = Math.min(this.#earliest, queued.notBefore)
        continue
      }
      this.#wake(id, queued, now)
    }
  }

  /** When `take` may return something: now (0), after this many ms, or only after an event (undefined). */
  nextIn(now: number): number | undefined {
    if (this.#active.length > 0 || this.#hasEarly()) return 0
    const waits = [...this.#backoff.values()].map(({ notBefore }) => Math.max(0, notBefore - now))
    if (this.#unschedulable.size > 0) waits.push(maxWaitMs)
    return waits.length === 0 ? undefined : Math.min(...waits)
  }

  #hasEarly(): boolean {
    return this.#backoff.size <= fewBackoffs && [...this.#backoff.values()].some(({ refusedBy }) => refusedBy.size > 0)
  }

  /** For an unschedulable pod. */
  #wake(id: string, queued: Queued, now: number): void {
    if (queued.held !== undefined) {
      queued.held.woken = true
      return
    }
    this.#unschedulable.delete(id)
    if (queued.notBefore > now) this.#backoff.set(id, queued)
    else insert(this.#active, queued)
  }
}

function backoffOf(attempts: number): number {
  return Math.min(firstBackoffMs * 2 ** Math.max(0, attempts - 1), maxBackoffMs)
}

/** Highest priority first, then first come. Mostly appends, so the search begins at the end. */
function insert(active: Queued[], queued: Queued): void {
  let index = active.length
  for (let before = active[index - 1]; before !== undefined && isBefore(queued, before); before = active[index - 1]) index--
  active.splice(index, 0, queued)
}

function isBefore(a: Queued, b: Queued): boolean {
  const difference = priorityOf(b.pod) - priorityOf(a.pod)
  return difference === 0 ? a.addedAt < b.addedAt : difference < 0
}
