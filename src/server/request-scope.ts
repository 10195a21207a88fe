// One request from its head to the end of its answer: its time, its identities, and the resources that it holds. Disposing releases them.
import type { Authenticated } from '../access/revocation.ts'
import { timedOut, unauthorized } from '../api/status.ts'
import { ExternalWait } from '../base/async/external-wait.ts'
import type { Clock } from '../base/clock.ts'
import type { Classification } from './flow-control/classify.ts'
import type { Release } from './flow-control/fair-queues.ts'
import type { Reply, ServerRequest } from './http/exchange.ts'
import type { Reauthorize } from './request/access-end.ts'
import { IdentityEnd, type IdentityEndParts } from './request/identity-end.ts'
import { type AuditParts, RequestAudit } from './request/request-audit.ts'
import { isMutating } from './request/request-info.ts'
import type { Deadline, Deadlines } from './request/request-timeout.ts'
import type { UnansweredRequest, UnansweredRequests } from './request/unanswered-requests.ts'
import { Warnings } from './warnings.ts'

export interface ScopeParts extends AuditParts {
  readonly clock: Clock
  readonly ends: IdentityEndParts
  readonly deadlines: Deadlines
  readonly unanswered: UnansweredRequests
}

export class RequestScope implements Disposable, UnansweredRequest {
  readonly request: ServerRequest
  /** By the wall clock. */
  readonly received: number
  readonly audit: RequestAudit
  readonly warnings = new Warnings()
  /** Time in queues and webhooks. */
  readonly externalWait: ExternalWait
  /** Undefined if the request has no time limit. */
  timeoutMs: number | undefined
  /** The time limit has passed. */
  isLate = false
  /** Undefined if flow control does not apply to the request. */
  flow: Classification | undefined
  readonly #parts: ScopeParts
  readonly #began: number
  #identity: Authenticated | undefined
  #impersonated: Authenticated | undefined
  #isArmed = false
  #identityEnd: IdentityEnd | undefined
  #deadline: Deadline | undefined
  /** Why the request must not go on: its time limit has passed, or one of its identities has ended. */
  #ended: Error | undefined
  #reject: ((reason: Error) => void) | undefined
  #seat: Release | undefined
  #stream: Release | undefined
  #held: Release[] | undefined
  #isHandedOver = false
  #isReleased = false

  constructor(parts: ScopeParts, request: ServerRequest) {
    this.#parts = parts
    this.request = request
    this.received = parts.clock.now()
    this.#began = parts.clock.monotonic()
    this.externalWait = new ExternalWait(parts.clock)
    this.audit = new RequestAudit(parts, request, this.received)
    parts.unanswered.add(this)
  }

  /** Milliseconds since the request arrived, by the monotonic clock. */
  get ageMs(): number {
    return this.#parts.clock.monotonic() - this.#began
  }

  /** The time limit has passed, or an identity has ended. */
  get isEnded(): boolean {
    return this.#ended !== undefined
  }

  /** From now on the request ends with this identity too: the one that authenticated, then the one that it impersonates. */
  actsUnder(identity: Authenticated): void {
    if (this.#identity === undefined) this.#identity = identity
    else this.#impersonated = identity
    if (this.#isArmed) this.#watch(identity)
  }

  /** Milliseconds from the arrival of the request; undefined for no limit. */
  limitTime(timeoutMs: number | undefined): void {
    this.timeoutMs = timeoutMs
    if (this.#isArmed) this.#startTimer()
  }

  /** Starts the time limit and watches the identities, those that have ended by now too. Does nothing the second time, and once the request is answered. */
  arm(): void {
    if (this.#isArmed || this.#isReleased || this.#isHandedOver) return
    this.#isArmed = true
    this.#startTimer()
    if (this.#identity !== undefined) this.#watch(this.#identity)
    if (this.#impersonated !== undefined) this.#watch(this.#impersonated)
  }

  #startTimer(): void {
    if (this.timeoutMs === undefined || this.#deadline !== undefined) return
    this.#deadline = this.#parts.deadlines.add(this.timeoutMs - this.ageMs, () => this.#expire())
  }

  #watch(identity: Authenticated): void {
    this.#identityEnd ??= new IdentityEnd(this.#parts.ends, this.request, () => this.#end(unauthorized()))
    this.#identityEnd.add(identity, this.timeoutMs !== undefined)
  }

  /** To be called after each wait: throws the 504 or 401 of a request that must not go on. */
  throwIfEnded(): void {
    if (this.#ended !== undefined) throw this.#ended
  }

  /**
   * Waits for the steps of the request. Rejects with a 504 if the time limit passes first, and with a 401 if one of its identities ends first. As in
   * upstream, work that has begun is not undone; `drop` releases an outcome that comes too late. Only one wait at a time.
   */
  untilEnd<T>(steps: Promise<T>, drop?: (outcome: T) => void): Promise<T> {
    return new Promise((resolve, reject) => {
      let isOver = false
      this.#reject = reason => {
        isOver = true
        reject(reason)
      }
      steps.then(outcome => (isOver ? drop?.(outcome) : resolve(outcome)), reject)
    })
  }

  /** Ends the reply when an identity of the request ends, or when `ask` finds that its right was withdrawn. */
  guard(reply: Reply, ask: Reauthorize): Reply {
    this.arm()
    return this.#identityEnd === undefined ? reply : this.#identityEnd.guard(reply, ask, this)
  }

  /** A seat that comes after the end of the request is released at once. */
  takeSeat(release: Release | undefined): void {
    if (this.#isReleased) release?.()
    else this.#seat = release
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

  #end(reason: Error): void {
    this.#ended ??= reason
    this.#reject?.(reason)
  }

  #expire(): void {
    this.isLate = true
    const { info } = this.audit
    const outcome = info !== undefined && isMutating(info) ? ': it may have been carried out all the same' : ''
    this.#end(timedOut(`request did not complete within the allotted timeout${outcome}`))
  }

  #release(): void {
    this.#isReleased = true
    if (this.#deadline !== undefined) this.#parts.deadlines.remove(this.#deadline)
    this.#identityEnd?.release()
    this.releaseSeat()
    this.endStream()
    for (const release of this.#held ?? []) release()
  }
}
