// The server's half of a WebSocket handshake, on a connection that the listener handed over.
import { type ServerOptions, type WebSocket, WebSocketServer } from 'ws'
import type { UpgradedConnection } from '../transport/exchange.ts'

export interface WebSocketTerms {
  /** What was negotiated; '' for none. */
  readonly protocol: string
  /** Bytes of the longest message that is taken; the connection is closed by a longer one. */
  readonly maxMessageBytes: number
  readonly autoPong?: boolean
}

/** Rejects where the client goes away, also after a malformed handshake, which the library answers. */
export async function acceptWebSocket({ message, socket, head }: UpgradedConnection, terms: WebSocketTerms): Promise<WebSocket> {
  const { protocol, maxMessageBytes, autoPong = true } = terms
  const options: ServerOptions = { noServer: true, perMessageDeflate: false, maxPayload: maxMessageBytes, autoPong }
  const server = new WebSocketServer({ ...options, handleProtocols: () => (protocol === '' ? false : protocol) })
  if (protocol.includes('/')) {
    // The library refuses names with a slash, as the RFC asks, and Kubernetes has one: it is negotiated past the library.
    delete message.headers['sec-websocket-protocol']
    server.on('headers', headers => headers.push(`Sec-WebSocket-Protocol: ${protocol}`))
  }
  const { promise, resolve, reject } = Promise.withResolvers<WebSocket>()
  socket.once('close', () => reject(new Error('the client is gone')))
  server.handleUpgrade(message, socket, head, resolve)
  return await promise
}
