// Pods without a node: ready ones by priority and age, failed ones after a back-off, unschedulable ones until an event.
import type { Pod } from '../api/types/core-v1.ts'
import { OrderedHeap } from '../base/data/ordered-heap.ts'
import type { ClusterEvent, SchedulerPlugin } from './framework/framework.ts'
import { idOf, priorityOf } from './framework/node-info.ts'

interface Queued {
  readonly id: string
  pod: Pod
  /** Time of the first try, and anew of each failure: a failed pod goes behind waiting pods of the same priority. */
  addedAt: number
  /** Of those that were added at one time. */
  number: number
  attempts: number
  /** Not retried before this time. */
  notBefore: number
  /** Plugins that refused it; empty if it was not refused. */
  refusedBy: ReadonlySet<string>
  /** The events that wake it after that. */
  wakesOn: readonly ClusterEvent[]
  /** Not to be woken before running work for it ends; `woken` if an event came meanwhile. */
  held?: { woken: boolean }
}

const firstBackoffMs = 1000
const maxBackoffMs = 10_000
/** Up to this many pods skip their back-off if the scheduler is idle, as upstream; with more, the back-off saves CPU time. */
const fewBackoffs = 32
/** The longest wait, whatever events come. */
export const maxWaitMs = 300_000

/** Events come with each change of a pod or node, so none of them costs more with more waiting pods than it wakes. */
export class SchedulingQueue {
  readonly #active = new OrderedHeap<Queued>(isBefore)
  readonly #backoff = new OrderedHeap<Queued>((a, b) => a.notBefore < b.notBefore || (a.notBefore === b.notBefore && a.number < b.number))
  readonly #unschedulable = new Set<Queued>()
  readonly #wokenBy = new Map<ClusterEvent, Set<Queued>>()
  readonly #byId = new Map<string, Queued>()
  #count = 0
  /** No unschedulable pod was refused with an earlier `notBefore`; until that is long ago, none needs to be checked. */
  #earliest = Number.POSITIVE_INFINITY
  readonly #wakesOn: ReadonlyMap<string, readonly ClusterEvent[]>

  constructor(plugins: readonly SchedulerPlugin[]) {
    this.#wakesOn = new Map(plugins.map(({ name, wakesOn }) => [name, wakesOn]))
  }

  get counts(): { readonly active: number; readonly backoff: number; readonly unschedulable: number } {
    return { active: this.#active.size, backoff: this.#backoff.size, unschedulable: this.#unschedulable.size }
  }

  /** A new pod, or a new state of a waiting one; `changed` says that the change may make it fit. */
  set(pod: Pod, now: number, changed = true): void {
    const id = idOf(pod)
    const known = this.#byId.get(id)
    if (known === undefined) {
      const fresh = { attempts: 0, notBefore: 0, refusedBy: new Set<string>(), wakesOn: [] }
      const queued = { id, pod, addedAt: now, number: this.#count++, ...fresh }
      this.#byId.set(id, queued)
      this.#active.add(queued)
      return
    }
    known.pod = pod
    if (changed && this.#unschedulable.has(known)) this.#wake(known, now)
  }

  delete(pod: Pod): void {
    const known = this.#byId.get(idOf(pod))
    if (known === undefined) return
    this.#byId.delete(known.id)
    this.#leave(known)
  }

  /** Removes and returns the next pod to place. It comes back through one of the two functions below. */
  take(now: number): Pod | undefined {
    for (let next = this.#backoff.first; next !== undefined && next.notBefore <= now; next = this.#backoff.first) {
      this.#backoff.remove(next)
      this.#activate(next)
    }
    const next = this.#active.take() ?? this.#early()
    if (next === undefined) return undefined
    next.attempts++
    return next.pod
  }

  /** The first woken pod in order of readiness; pods that failed otherwise keep their back-off. */
  #early(): Queued | undefined {
    if (this.#backoff.size > fewBackoffs) return undefined
    let first: Queued | undefined
    for (const queued of this.#backoff.all) {
      if (queued.refusedBy.size > 0 && (first === undefined || isBefore(queued, first))) first = queued
    }
    if (first !== undefined) this.#backoff.remove(first)
    return first
  }

  /** The pod fits nowhere: it waits for an event that one of the refusing plugins registered for. */
  refused(pod: Pod, refusedBy: ReadonlySet<string>, now: number): void {
    const queued = this.#byId.get(idOf(pod))
    if (queued === undefined) return
    this.#leave(queued)
    queued.refusedBy = refusedBy
    queued.wakesOn = [...new Set([...refusedBy].flatMap(plugin => this.#wakesOn.get(plugin) ?? []))]
    queued.addedAt = now
    queued.number = this.#count++
    queued.notBefore = now + backoffOf(queued.attempts)
    this.#earliest = Math.min(this.#earliest, queued.notBefore)
    this.#unschedulable.add(queued)
    for (const event of queued.wakesOn) {
      const woken = this.#wokenBy.get(event)
      if (woken === undefined) this.#wokenBy.set(event, new Set([queued]))
      else woken.add(queued)
    }
  }

  /** Something else failed (binding): retry after a back-off. */
  failed(pod: Pod, now: number): void {
    const queued = this.#byId.get(idOf(pod))
    if (queued === undefined) return
    this.#leave(queued)
    queued.refusedBy = new Set()
    queued.addedAt = now
    queued.number = this.#count++
    queued.notBefore = now + backoffOf(queued.attempts)
    this.#backoff.add(queued)
  }

  /** Work for a refused pod is running: a retry before it ends would start the same again. */
  hold(pod: Pod): void {
    const queued = this.#waiting(pod)
    if (queued !== undefined) queued.held = { woken: false }
  }

  /** The work ended; `retry` if it failed. */
  release(pod: Pod, retry: boolean, now: number): void {
    const queued = this.#waiting(pod)
    if (queued?.held === undefined) return
    const { woken } = queued.held
    delete queued.held
    if (woken || retry) this.#wake(queued, now)
  }

  wake(event: ClusterEvent, now: number): void {
    for (const queued of this.#wokenBy.get(event) ?? []) this.#wake(queued, now)
  }

  wakeLongWaiting(now: number): void {
    if (now - this.#earliest < maxWaitMs) return
    this.#earliest = Number.POSITIVE_INFINITY
    for (const queued of this.#unschedulable) {
      if (now - queued.notBefore < maxWaitMs) {
        this.#earliest = Math.min(this.#earliest, queued.notBefore)
        continue
      }
      this.#wake(queued, now)
    }
  }

  /** When `take` may return something: now (0), after this many ms, or only after an event (undefined). */
  nextIn(now: number): number | undefined {
    if (this.#active.size > 0 || this.#hasEarly()) return 0
    const { first } = this.#backoff
    const waits = [
      ...(first === undefined ? [] : [Math.max(0, first.notBefore - now)]),
      ...(this.#unschedulable.size > 0 ? [maxWaitMs] : []),
    ]
    return waits.length === 0 ? undefined : Math.min(...waits)
  }

  #hasEarly(): boolean {
    return this.#backoff.size <= fewBackoffs && this.#backoff.all.some(({ refusedBy }) => refusedBy.size > 0)
  }

  #waiting(pod: Pod): Queued | undefined {
    const queued = this.#byId.get(idOf(pod))
    return queued !== undefined && this.#unschedulable.has(queued) ? queued : undefined
  }

  /** For an unschedulable pod. */
  #wake(queued: Queued, now: number): void {
    if (queued.held !== undefined) {
      queued.held.woken = true
      return
    }
    this.#leave(queued)
    if (queued.notBefore > now) this.#backoff.add(queued)
    else this.#activate(queued)
  }

  #activate(queued: Queued): void {
    queued.number = this.#count++
    this.#active.add(queued)
  }

  /** Its order may change then. */
  #leave(queued: Queued): void {
    this.#active.remove(queued)
    this.#backoff.remove(queued)
    if (!this.#unschedulable.delete(queued)) return
    for (const event of queued.wakesOn) this.#wokenBy.get(event)?.delete(queued)
  }
}

function backoffOf(attempts: number): number {
  return Math.min(firstBackoffMs * 2 ** Math.max(0, attempts - 1), maxBackoffMs)
}

/** Highest priority first, then first come. */
function isBefore(a: Queued, b: Queued): boolean {
  const difference = priorityOf(b.pod) - priorityOf(a.pod)
  if (difference !== 0) return difference < 0
  return a.addedAt < b.addedAt || (a.addedAt === b.addedAt && a.number < b.number)
}
