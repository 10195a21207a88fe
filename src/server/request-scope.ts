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
  /** Undefined for what may take any time. */
  timeoutMs: number | undefined
  /** The time is over. */
  isLate = false
  /** Undefined for what flow control does not look at. */
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

  /** Milliseconds since the request came, by the clock that nobody sets. */
  get ageMs(): number {
    return this.#parts.clock.monotonic() - this.#began
  }

  /** From now on the request ends with this identity too. */
  actsUnder(identity: Authenticated): void {
    if (this.#identities === undefined) this.#identities = new IdentityEnd(this.#parts.ends, this.request, identity)
    else this.#identities.add(identity)
  }

  /**
   * The outcome of a step of the request, within its time: a 504 where that is over before, a 401 where one of its identities ends before. What has
   * begun goes on; `drop` gives back an outcome that comes too late.
   */
  during<T>(work: Promise<T>, isBounded: boolean, drop?: (outcome: T) => void): Promise<T> {
    const inTime = this.inTime(work, drop)
    return this.#identities === undefined ? inTime : this.#identities.during(inTime, isBounded, drop)
  }

  /** The same for a wait for somebody else, as in a queue or for a webhook, by which the service of the request is not measured. */
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

  /** Ends the reply as the request would end, and where the right to it goes, which `ask` asks for again. */
  guard(reply: Reply, ask: Reauthorize): Reply {
    return this.#identities === undefined ? reply : this.#identities.guard(reply, ask, this)
  }

  takeSeat(release: Release | undefined): void {
    this.#seat = release
  }

  /** What is left to do waits for somebody else: others may have the request's seat. */
  readonly releaseSeat = (): void => this.#seat?.()

  /** A place among the streams of the user. */
  holdStream(end: Release): void {
    this.#stream = end
  }

  readonly endStream = (): void => this.#stream?.()

  /** Given back at the end. */
  hold(release: Release | undefined): void {
    if (release !== undefined) this.#held = [...(this.#held ?? []), release]
  }

  /** The transport ends the request from now on, by calling what this returns once the answer was sent or cut. */
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
