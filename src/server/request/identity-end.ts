// A request lasts no longer than the identities that it acts under: from authentication on, through its body, queues, admission and answer. A stream lasts
// no longer than their right to it, too.
import type { BoundCredential } from '../../access/access.ts'
import type { Authenticated, DenyList } from '../../access/revocation.ts'
import { unauthorized } from '../../api/status.ts'
import type { Clock } from '../../base/clock.ts'
import type { BodyStream, Reply, ServerRequest, UpgradedConnection } from '../http/exchange.ts'
import type { AccessEnds, Reauthorize } from './access-end.ts'
import type { Expiries } from './expiries.ts'

export interface IdentityEndParts {
  readonly expiries: Expiries
  readonly clock: Pick<Clock, 'now'>
  readonly denyList?: DenyList
  readonly access: AccessEnds
}

/** What ends by itself in this time need not be told of a later expiry. */
const boundedMs = 120_000

/**
 * Ends its request in the turn in which one of the identities expires or is denied, and aborts its signal: what waits for an answer is refused, what is
 * sent is cut, an upgraded connection is closed. It costs nothing until the request waits for something.
 */
export class IdentityEnd {
  readonly #parts: IdentityEndParts
  readonly #request: Pick<ServerRequest, 'end'>
  readonly #identities: Authenticated[]
  #stops: (() => void)[] | undefined
  #acts: Set<() => void> | undefined
  #watched = 0
  #watchedBound = 0
  #watchedExpiry = Number.POSITIVE_INFINITY
  #released = false
  #reason: Error | undefined

  constructor(parts: IdentityEndParts, request: Pick<ServerRequest, 'end'>, authenticated: Authenticated) {
    this.#parts = parts
    this.#request = request
    this.#identities = [authenticated]
  }

  get isOver(): boolean {
    return this.#reason !== undefined
  }

  /** Whom the request acts as, beside who authenticated. */
  add(identity: Authenticated): void {
    this.#identities.push(identity)
  }

  /**
   * The outcome of what the request waits for; a 401 where an identity ends before. `isBounded`: the wait has a limit of its own. `drop` frees an outcome
   * that comes behind the end.
   */
  during<T>(work: Promise<T>, isBounded: boolean, drop: (outcome: T) => void = () => undefined): Promise<T> {
    this.#watch(isBounded)
    if (this.#released && !this.isOver) return work
    return new Promise((resolve, reject) => {
      const end = () => reject(unauthorized())
      const acts = this.#onEnd(end)
      work.then(
        outcome => {
          if (this.isOver) return drop(outcome)
          acts.delete(end)
          resolve(outcome)
        },
        err => {
          acts.delete(end)
          reject(this.isOver ? unauthorized() : err)
        },
      )
    })
  }

  /**
   * The same reply, of which nothing is sent behind the end of an identity or of its right, which `ask` asks for again: a stream ends as at its own end,
   * and everything else is cut. `asker` is who asked when the request was allowed.
   */
  guard(reply: Reply, ask: Reauthorize, asker: object): Reply {
    const { body, upgrade, longRunning } = reply
    this.#watch(false)
    if (!this.#released) this.#keep(this.#parts.access.whenRefused(ask, asker, reason => this.#end(reason)))
    if (upgrade) return { ...reply, upgrade: connection => this.#untilEnd(connection, upgrade) }
    if (!longRunning || typeof body !== 'function') return reply
    const ending: BodyStream = (sink, signal, begun) =>
      body(sink, signal, begun).catch((err: unknown) => {
        if (!this.isOver) throw err
      })
    return { ...reply, body: ending }
  }

  /** The request is answered. */
  release(): void {
    this.#released = true
    const stops = this.#stops
    this.#stops = undefined
    for (const stop of stops ?? []) stop()
  }

  #watch(isBounded: boolean): void {
    if (this.#released) return
    const { denyList, expiries, clock } = this.#parts
    while (denyList !== undefined && this.#watched < this.#identities.length) {
      const identity = this.#identities[this.#watched++]
      if (identity !== undefined) this.#keep(denyList.whenDenied(identity, reason => this.#end(new Error(reason))))
    }
    while (!isBounded && this.#watchedBound < this.#identities.length) {
      const bound = this.#identities[this.#watchedBound++]?.bound
      if (bound !== undefined) this.#keep(whenUnbound(expiries, bound, reason => this.#end(reason)))
    }
    const expires = Math.min(...this.#identities.map(identity => identity.expires ?? Number.POSITIVE_INFINITY))
    if (expires >= this.#watchedExpiry || (isBounded && expires - clock.now() > boundedMs)) return
    this.#watchedExpiry = expires
    this.#keep(expiries.at(expires, () => this.#end(new Error('the credential has expired'))))
  }

  #keep(stop: () => void): void {
    // It may have been over at once.
    if (this.#released) stop()
    else this.#stops = [...(this.#stops ?? []), stop]
  }

  #end(reason: Error): void {
    if (this.#released) return
    this.#reason = reason
    this.release()
    this.#request.end(reason)
    for (const act of [...(this.#acts ?? [])]) act()
  }

  /** Calls `act` at the end, at once where that was. Returns what it can be taken out of. */
  #onEnd(act: () => void): Set<() => void> {
    this.#acts ??= new Set()
    this.#acts.add(act)
    if (this.isOver) act()
    return this.#acts
  }

  async #untilEnd({ socket, ...rest }: UpgradedConnection, upgrade: (connection: UpgradedConnection) => Promise<void>): Promise<void> {
    const close = () => socket.destroy()
    const acts = this.#onEnd(close)
    try {
      if (!this.isOver) await upgrade({ socket, ...rest })
    } catch (err) {
      if (!this.isOver) throw err
    } finally {
      acts.delete(close)
    }
  }
}

/** Calls `end` once an object that the credential is bound to is gone, at once where it is. Returns what takes that back. */
function whenUnbound(expiries: Expiries, bound: BoundCredential, end: (reason: Error) => void): () => void {
  let wait: (() => void) | undefined
  const check = (): void => {
    wait?.()
    const reason = bound.refusal()
    const ends = reason === undefined ? bound.ends() : undefined
    wait = ends === undefined ? undefined : expiries.at(ends, check)
    if (reason !== undefined) end(new Error(reason))
  }
  const stop = bound.onChange(check)
  check()
  return () => {
    stop()
    wait?.()
  }
}
