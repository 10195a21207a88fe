// The server side of a WebSocket handshake, on a connection that the listener handed over.
import type { Duplex } from 'node:stream'
import { type ServerOptions, type WebSocket, WebSocketServer } from 'ws'
import type { UpgradedConnection } from '../../http/exchange.ts'
import type { StreamShare } from './stream-memory.ts'

export interface WebSocketTerms {
  /** The negotiated protocol; '' for none. */
  readonly protocol: string
  /** Limit of a message in bytes; a longer one closes the connection. */
  readonly maxMessageBytes: number
  readonly autoPong?: boolean
  /** Accounts for buffered bytes. Closed with the connection. */
  readonly share: StreamShare
}

/** Close code "try again later" (RFC 6455, 7.4.1, and its registry). */
const tryAgainLater = 1013
/** Limit of fragments per message, since each costs more memory than its bytes. */
const maxFragments = 256
const maxBufferedChunks = 4096

/** Rejects if the client disconnects, also after a malformed handshake, to which the library responds. */
export async function acceptWebSocket({ message, socket, head }: UpgradedConnection, terms: WebSocketTerms): Promise<WebSocket> {
  const { protocol, maxMessageBytes, autoPong = true, share } = terms
  const options: ServerOptions = {
    ...{ noServer: true, perMessageDeflate: false, maxPayload: maxMessageBytes, maxFragments, maxBufferedChunks, autoPong },
  }
  const server = new WebSocketServer({ ...options, handleProtocols: () => (protocol === '' ? false : protocol) })
  if (protocol.includes('/')) {
    // The library refuses protocol names with a slash, as the RFC requires, but Kubernetes has one. It is negotiated without the library.
    delete message.headers['sec-websocket-protocol']
    server.on('headers', headers => headers.push(`Sec-WebSocket-Protocol: ${protocol}`))
  }
  const { promise, resolve, reject } = Promise.withResolvers<WebSocket>()
  socket.once('close', () => reject(new Error('the client is gone')))
  server.handleUpgrade(message, socket, head, resolve)
  const client = await promise
  countReceived(client, socket, share)
  return client
}

/** Sends the reason and does not wait for the client. */
export function endForMemory(client: WebSocket): void {
  client.close(tryAgainLater, 'too many bytes of this user or namespace wait')
  client.terminate()
}

/** Counts the received bytes of a message until the whole message is handed over. */
function countReceived(client: WebSocket, socket: Duplex, share: StreamShare): void {
  let waiting = 0
  let last = 0
  socket.prependListener('data', (chunk: Buffer) => {
    last = chunk.length
    waiting += last
    if (!share.received(waiting)) endForMemory(client)
  })
  client.on('message', (data: Buffer) => {
    // Frame headers do not count, and the rest can only belong to the last fragment.
    waiting = Math.max(0, Math.min(waiting - data.length, last))
    share.received(waiting)
  })
  client.once('close', () => share.close())
}
