// Watches, followed logs and upgraded connections last no longer than the identity that opened them.
import type { Authenticated, DenyList } from '../access/revocation.ts'
import type { Clock } from '../base/clock.ts'
import type { BodyStream, Reply, UpgradedConnection } from './exchange.ts'

export interface IdentityEndParts {
  readonly clock: Clock
  readonly denyList?: DenyList
}

/** Timers take no more than 2^31 milliseconds. */
const longestSleepMs = 2 ** 30

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
    try {
      const running = body(sink, AbortSignal.any([signal, end.signal]))
      // A reader that stalls must not keep the stream open.
      await Promise.race([running, aborted(end.signal)])
    } catch (err) {
      if (!end.signal.aborted || signal.aborted) throw err
    } finally {
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

function identityEnd({ clock, denyList }: IdentityEndParts, identities: readonly Authenticated[]) {
  const ended = new AbortController()
  const released = new AbortController()
  const stops = identities.map(identity => denyList?.whenDenied(identity, reason => ended.abort(new Error(reason))))
  const expires = Math.min(...identities.map(identity => identity.expires ?? Number.POSITIVE_INFINITY))
  if (expires !== Number.POSITIVE_INFINITY) {
    sleepUntil(clock, expires, released.signal).then(
      () => ended.abort(new Error('the credential has expired')),
      () => undefined, // released
    )
  }
  return {
    signal: ended.signal,
    release: () => {
      released.abort(new Error('the stream is over'))
      for (const stop of stops) stop?.()
    },
  }
}

async function sleepUntil(clock: Clock, time: number, signal: AbortSignal): Promise<void> {
  for (let left = time - clock.now(); left > 0; left = time - clock.now()) await clock.sleep(Math.min(left, longestSleepMs), signal)
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise(resolve => {
    if (signal.aborted) resolve()
    else signal.addEventListener('abort', () => resolve(), { once: true })
  })
}
