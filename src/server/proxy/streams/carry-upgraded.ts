// The bytes of an upgraded connection, both ways.
import type { Duplex } from 'node:stream'
import type { Clock } from '../../../base/clock.ts'
import type { UpgradedConnection } from '../../http/exchange.ts'

/** How long a client may take to read the last bytes and close its side. */
const lingerMs = 30_000

/** Until one side ends. Resolves when the client's socket is closed; the other side is destroyed then. */
export async function carryUpgraded({ socket, head }: UpgradedConnection, other: Duplex, clock: Clock): Promise<void> {
  if (head.length > 0) other.write(head)
  const over = new AbortController()
  const closed = new Promise<void>(resolve => {
    socket.once('close', () => {
      over.abort(new Error('the connection is closed'))
      other.destroy()
      resolve()
    })
  })
  other.once('close', () => {
    socket.end()
    // Read on, so that the client's own end is seen: a socket closed with unread bytes is reset, and the client may lose the last ones sent.
    socket.resume()
    // A client that neither reads nor closes must not keep the connection half open.
    clock.sleep(lingerMs, over.signal).then(
      () => socket.destroy(),
      () => undefined, // closed by itself
    )
  })
  // The other side's end does not wait for the client's.
  other.once('end', () => other.destroy())
  socket.pipe(other)
  other.pipe(socket)
  await closed
}
