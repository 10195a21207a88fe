// The server's half of a WebSocket handshake, on a connection that the listener handed over.
import type { Duplex } from 'node:stream'
import { type ServerOptions, type WebSocket, WebSocketServer } from 'ws'
import type { UpgradedConnection } from '../../http/exchange.ts'
import type { StreamShare } from './stream-memory.ts'

export interface WebSocketTerms {
  /** What was negotiated; '' for none. */
  readonly protocol: string
  /** Bytes of the longest message that is taken; the connection is closed by a longer one. */
  readonly maxMessageBytes: number
  readonly autoPong?: boolean
  /** Where what the connection keeps is counted. It is closed with the connection. */
  readonly share: StreamShare
}

/** RFC 6455, 7.4.1, and its registry: try again later. */
const tryAgainLater = 1013
/** Each piece of a message costs more memory than its bytes. */
const maxFragments = 256
const maxBufferedChunks = 4096

/** Rejects where the client goes away, also after a malformed handshake, which the library answers. */
export async function acceptWebSocket({ message, socket, head }: UpgradedConnection, terms: WebSocketTerms): Promise<WebSocket> {
  const { protocol, maxMessageBytes, autoPong = true, share } = terms
  const options: ServerOptions = {
    ...{ noServer: true, perMessageDeflate: false, maxPayload: maxMessageBytes, maxFragments, maxBufferedChunks, autoPong },
  }
  const server = new WebSocketServer({ ...options, handleProtocols: () => (protocol === '' ? false : protocol) })
  if (protocol.includes('/')) {
    // The library refuses names with a slash, as the RFC asks, and Kubernetes has one: it is negotiated past the library.
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

/** The client is told why, and not waited for. */
export function endForMemory(client: WebSocket): void {
  client.close(tryAgainLater, 'too many bytes of this user or namespace wait')
  client.terminate()
}

/** Whatever of a message has come counts, until all of it is handed over. */
function countReceived(client: WebSocket, socket: Duplex, share: StreamShare): void {
  let waiting = 0
  let last = 0
  socket.prependListener('data', (chunk: Buffer) => {
    last = chunk.length
    waiting += last
    if (!share.received(waiting)) endForMemory(client)
  })
  client.on('message', (data: Buffer) => {
    // The heads of its frames are no part of it, and what is left can only be of the last piece.
    waiting = Math.max(0, Math.min(waiting - data.length, last))
    share.received(waiting)
  })
  client.once('close', () => share.close())
}
