// One request from its head to the end of its answer: its time, the identities that it acts under, and what it holds. Disposed, it gives that back.
import type { Authenticated } from '../access/revocation.ts'
import { timedOut } from '../api/status.ts'
import { ExternalWait } from '../base/async/external-wait.ts'
import type { Clock } from '../base/clock.ts'
import type { Classification } from './flow-control/classify.ts'
import type { Release } from './flow-control/fair-queues.ts'
import type { Reply, ServerRequest } from './http/exchange.ts'
import type { Reauthorize } from './request/access-end.ts'
import { IdentityEnd, type IdentityEndParts } from './request/identity-end.ts'
import { type AuditParts, RequestAudit } from './request/request-audit.ts'
import { isMutating } from './request/request-info.ts'
import type { Deadlines } from './request/request-timeout.ts'
import { Warnings } from './warnings.ts'

export interface ScopeParts extends AuditParts {
  readonly clock: Clock
  readonly ends: IdentityEndParts
  readonly deadlines: Deadlines
}

export class RequestScope implements Disposable {
  readonly request: ServerRequest
  /** By the wall clock. */
  readonly received: number
  readonly audit: RequestAudit
  readonly warnings = new Warnings()
  /** Time in queues and webhooks. */
  readonly externalWait = new ExternalWait()
  /** Undefined if the request has no time limit. */
  timeoutMs: number | undefined
  /** The time limit has passed. */
  isLate = false
  /** Undefined if flow control does not apply to the request. */
  flow: Classification | undefined
  readonly #parts: ScopeParts
  readonly #began: number
  #identities: IdentityEnd | undefined
  #seat: Release | undefined
  #stream: Release | undefined
  #held: Release[] | undefined
  #isHandedOver = false

  constructor(parts: ScopeParts, request: ServerRequest) {
    this.#parts = parts
    this.request = request
    this.received = parts.clock.now()
    this.#began = parts.clock.monotonic()
    this.audit = new RequestAudit(parts, request, this.received)
  }

  /** Milliseconds since the request arrived, by the monotonic clock. */
  get ageMs(): number {
    return this.#parts.clock.monotonic() - this.#began
  }

  /** From now on the request ends with this identity too. */
  actsUnder(identity: Authenticated): void {
    if (this.#identities === undefined) this.#identities = new IdentityEnd(this.#parts.ends, this.request, identity)
    else this.#identities.add(identity)
  }

  /**
   * Waits for a step of the request. Rejects with a 504 if the time limit passes first, and with a 401 if one of its identities ends first. The step
   * itself goes on; `drop` releases an outcome that comes too late.
   */
  during<T>(work: Promise<T>, isBounded: boolean, drop?: (outcome: T) => void): Promise<T> {
    const inTime = this.inTime(work, drop)
    return this.#identities === undefined ? inTime : this.#identities.during(inTime, isBounded, drop)
  }

  /** Waits for something outside the request, such as a queue or a webhook. This time does not count as the request's own latency. */
  duringExternal<T>(work: Promise<T>, isBounded: boolean, drop?: (outcome: T) => void): Promise<T> {
    return this.during(this.externalWait.during(work, this.#parts.clock), isBounded, drop)
  }

  inTime<T>(work: Promise<T>, drop?: (outcome: T) => void): Promise<T> {
    if (this.timeoutMs === undefined) return work
    return this.#parts.deadlines.within(work, this.timeoutMs - this.ageMs, () => {
      this.isLate = true
      if (drop !== undefined) work.then(drop, () => undefined)
      const { info } = this.audit
      const outcome = info !== undefined && isMutating(info) ? ': it may have been carried out all the same' : ''
      return timedOut(`request did not complete within the allotted timeout${outcome}`)
    })
  }

  /** Ends the reply when an identity of the request ends, or when `ask` finds that its right was withdrawn. */
  guard(reply: Reply, ask: Reauthorize): Reply {
    return this.#identities === undefined ? reply : this.#identities.guard(reply, ask, this)
  }

  takeSeat(release: Release | undefined): void {
    this.#seat = release
  }

  /** Releases the seat for other requests while the rest of this one only waits. */
  readonly releaseSeat = (): void => this.#seat?.()

  /** Takes a place among the user's streams. */
  holdStream(end: Release): void {
    this.#stream = end
  }

  readonly endStream = (): void => this.#stream?.()

  /** Releases this when the request ends. */
  hold(release: Release | undefined): void {
    if (release !== undefined) this.#held = [...(this.#held ?? []), release]
  }

  /** Leaves the end of the request to the transport, which calls the returned function once the response is sent or cut off. */
  handOver(): Release {
    this.#isHandedOver = true
    return () => this.#release()
  }

  [Symbol.dispose](): void {
    if (!this.#isHandedOver) this.#release()
  }

  #release(): void {
    this.#identities?.release()
    this.releaseSeat()
    this.endStream()
    for (const release of this.#held ?? []) release()
  }
}
