// A request lasts no longer than the identities that it acts under: from authentication on, through its body, queues, admission and answer. A stream lasts
// no longer than their right to it, too.

import type { BoundCredential } from '../../access/access.ts'
import type { Asker } from '../../access/authorize.ts'
import type { Authenticated, DenyList } from '../../access/revocation.ts'
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

/** A request that ends by itself in this time needs no notice of a later expiry. */
const boundedMs = 120_000

/**
 * Ends its request in the turn in which one of the identities expires or is denied, and aborts its signal: `onEnd` refuses the request, what is sent is cut,
 * an upgraded connection is closed.
 */
export class IdentityEnd {
  readonly #parts: IdentityEndParts
  readonly #request: Pick<ServerRequest, 'end'>
  readonly #onEnd: () => void
  readonly #identities: Authenticated[] = []
  #stops: (() => void)[] = []
  #connections: Set<() => void> | undefined
  #watched = 0
  #watchedBound = 0
  #watchedExpiry = Number.POSITIVE_INFINITY
  #released = false
  #isOver = false

  constructor(parts: IdentityEndParts, request: Pick<ServerRequest, 'end'>, onEnd: () => void) {
    this.#parts = parts
    this.#request = request
    this.#onEnd = onEnd
  }

  /** The request ends with this identity too. `isBounded`: it has a time limit. Calls `onEnd` at once if the identity has ended already. */
  add(identity: Authenticated, isBounded: boolean): void {
    this.#identities.push(identity)
    this.#watch(isBounded)
  }

  /**
   * The same reply, of which nothing is sent after the end of an identity or of its right, which `ask` authorizes again: a stream ends as
   * at its own end, and everything else is cut. `asker` has the answers of when the request was allowed.
   */
  guard(reply: Reply, ask: Reauthorize, asker: Asker): Reply {
    const { body, upgrade, longRunning } = reply
    this.#watch(false)
    if (!this.#released) this.#keep(this.#parts.access.whenRefused(ask, asker, reason => this.#end(reason)))
    if (upgrade) return { ...reply, upgrade: connection => this.#untilEnd(connection, upgrade) }
    if (!longRunning || typeof body !== 'function') return reply
    const ending: BodyStream = (sink, signal, begun) =>
      body(sink, signal, begun).catch((err: unknown) => {
        if (!this.#isOver) throw err
      })
    return { ...reply, body: ending }
  }

  /** The request is answered. */
  release(): void {
    this.#released = true
    const stops = this.#stops
    this.#stops = []
    for (const stop of stops) stop()
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
    let expires = Number.POSITIVE_INFINITY
    for (const identity of this.#identities) if (identity.expires !== undefined) expires = Math.min(expires, identity.expires)
    if (expires >= this.#watchedExpiry || (isBounded && expires - clock.now() > boundedMs)) return
    this.#watchedExpiry = expires
    this.#keep(expiries.at(expires, () => this.#end(new Error('the credential has expired'))))
  }

  #keep(stop: () => void): void {
    // It may have been over at once.
    if (this.#released) stop()
    else this.#stops.push(stop)
  }

  #end(reason: Error): void {
    if (this.#released) return
    this.#isOver = true
    this.release()
    this.#request.end(reason)
    this.#onEnd()
    for (const close of this.#connections ?? []) close()
  }

  async #untilEnd({ socket, ...rest }: UpgradedConnection, upgrade: (connection: UpgradedConnection) => Promise<void>): Promise<void> {
    const close = () => socket.destroy()
    this.#connections ??= new Set()
    this.#connections.add(close)
    if (this.#isOver) close()
    try {
      if (!this.#isOver) await upgrade({ socket, ...rest })
    } catch (err) {
      if (!this.#isOver) throw err
    } finally {
      this.#connections.delete(close)
    }
  }
}

/** Calls `end` once an object that the credential is bound to is removed, at once if it is already. Returns a function that stops following. */
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
