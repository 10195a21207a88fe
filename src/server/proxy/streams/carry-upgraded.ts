// Copies the bytes of an upgraded connection in both directions.
import type { Duplex } from 'node:stream'
import type { Clock } from '../../../base/clock.ts'
import type { UpgradedConnection } from '../../http/exchange.ts'

/** Time limit for the client to read the last bytes and close its side. */
const lingerMs = 30_000

/** Runs until one side ends. Resolves when the client's socket is closed, and destroys the other side. */
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
    // Continue to read until the client's end: closing a socket with unread bytes resets it, and the client may lose the last bytes.
    socket.resume()
    // A client that neither reads nor closes must not hold the connection half open.
    clock.sleep(lingerMs, over.signal).then(
      () => socket.destroy(),
      () => undefined, // the client has closed it
    )
  })
  // The end of the other side does not wait for the client.
  other.once('end', () => other.destroy())
  socket.pipe(other)
  other.pipe(socket)
  await closed
}
