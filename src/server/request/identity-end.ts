// Watches, followed logs and upgraded connections last no longer than the identity that opened them.
import type { Authenticated, DenyList } from '../../access/revocation.ts'
import type { Expiries } from '../expiries.ts'
import type { BodyStream, Reply, ServerRequest, UpgradedConnection } from '../transport/exchange.ts'

export interface IdentityEndParts {
  readonly expiries: Expiries
  readonly denyList?: DenyList
}

/**
 * The same reply, ended in the turn in which one of the identities expires or is denied: a stream ends as at its own end, an upgraded connection is
 * closed. `identities` are who authenticated and, beside it, whom they act as.
 */
export function endWithIdentity(
  parts: IdentityEndParts,
  request: Pick<ServerRequest, 'end'>,
  reply: Reply,
  identities: readonly Authenticated[],
): Reply {
  const { body, upgrade, longRunning } = reply
  if (upgrade) return { ...reply, upgrade: connection => untilEnd(parts, identities, connection, upgrade) }
  if (!longRunning || typeof body !== 'function') return reply
  // Through the request, whose signal everything listens to that a stream waits for: a reader that stalls, too, must not keep the stream open.
  const ending: BodyStream = (sink, signal, begun) => {
    let isOver = false
    const release = whenOver(parts, identities, reason => {
      isOver = true
      request.end(reason)
    })
    return body(sink, signal, begun).then(release, (err: unknown) => {
      release()
      if (!isOver) throw err
    })
  }
  return { ...reply, body: ending }
}

async function untilEnd(
  parts: IdentityEndParts,
  identities: readonly Authenticated[],
  connection: UpgradedConnection,
  upgrade: (connection: UpgradedConnection) => Promise<void>,
): Promise<void> {
  let isOver = false
  const release = whenOver(parts, identities, () => {
    isOver = true
    connection.socket.destroy()
  })
  try {
    if (!isOver) await upgrade(connection)
  } catch (err) {
    if (!isOver) throw err
  } finally {
    release()
  }
}

/** Calls `end` once one of them is over, at once where it is already. Returns what takes that back. */
function whenOver(
  { expiries, denyList }: IdentityEndParts,
  identities: readonly Authenticated[],
  end: (reason: Error) => void,
): () => void {
  const stops = identities.map(identity => denyList?.whenDenied(identity, reason => end(new Error(reason))))
  const expires = Math.min(...identities.map(identity => identity.expires ?? Number.POSITIVE_INFINITY))
  if (expires !== Number.POSITIVE_INFINITY) stops.push(expiries.at(expires, () => end(new Error('the credential has expired'))))
  return () => {
    for (const stop of stops) stop?.()
  }
}
