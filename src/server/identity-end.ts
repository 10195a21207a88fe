// Watches, followed logs and upgraded connections last no longer than the identity that opened them.
import type { Authenticated, DenyList } from '../access/revocation.ts'
import type { BodyStream, Reply, UpgradedConnection } from './exchange.ts'
import type { Expiries } from './expiries.ts'

export interface IdentityEndParts {
  readonly expiries: Expiries
  readonly denyList?: DenyList
}

/**
 * The same reply, ended in the turn in which one of the identities expires or is denied: a stream ends as at its own end, an upgraded connection is
 * closed. `identities` are who authenticated and, beside it, whom they act as.
 */
export function endWithIdentity(parts: IdentityEndParts, reply: Reply, identities: readonly Authenticated[]): Reply {
  const { body, upgrade, longRunning } = reply
  if (upgrade) return { ...reply, upgrade: connection => untilEnd(parts, identities, connection, upgrade) }
  if (!longRunning || typeof body !== 'function') return reply
  const ending: BodyStream = async (sink, signal) => {
    const end = identityEnd(parts, identities)
    const gone = () => end.abort(signal.reason)
    signal.addEventListener('abort', gone, { once: true })
    if (signal.aborted) gone()
    try {
      const running = body(sink, end.signal)
      // A reader that stalls must not keep the stream open.
      await Promise.race([running, end.over])
    } catch (err) {
      if (!end.signal.aborted || signal.aborted) throw err
    } finally {
      signal.removeEventListener('abort', gone)
      end.release()
    }
  }
  return { ...reply, body: ending }
}

async function untilEnd(
  parts: IdentityEndParts,
  identities: readonly Authenticated[],
  connection: UpgradedConnection,
  upgrade: (connection: UpgradedConnection) => Promise<void>,
): Promise<void> {
  const end = identityEnd(parts, identities)
  const close = () => void connection.socket.destroy()
  try {
    if (end.signal.aborted) return close()
    end.signal.addEventListener('abort', close, { once: true })
    await upgrade(connection)
  } catch (err) {
    if (!end.signal.aborted) throw err
  } finally {
    end.release()
  }
}

interface IdentityEnd {
  readonly signal: AbortSignal
  /** Resolves when an identity has ended; never rejects. */
  readonly over: Promise<void>
  abort(reason: unknown): void
  release(): void
}

function identityEnd({ expiries, denyList }: IdentityEndParts, identities: readonly Authenticated[]): IdentityEnd {
  const ended = new AbortController()
  const over = Promise.withResolvers<void>()
  const end = (reason: string) => {
    over.resolve()
    ended.abort(new Error(reason))
  }
  const stops = identities.map(identity => denyList?.whenDenied(identity, end))
  const expires = Math.min(...identities.map(identity => identity.expires ?? Number.POSITIVE_INFINITY))
  if (expires !== Number.POSITIVE_INFINITY) stops.push(expiries.at(expires, () => end('the credential has expired')))
  return {
    signal: ended.signal,
    over: over.promise,
    abort: reason => ended.abort(reason),
    release() {
      for (const stop of stops) stop?.()
    },
  }
}
