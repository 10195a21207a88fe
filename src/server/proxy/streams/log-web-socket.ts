// A log over a WebSocket: pieces as bytes, or as base64 text, after an empty message that confirms the connection.
import type { BodyStream, Reply, ServerRequest } from '../../http/exchange.ts'
import { chooseProtocol } from '../../http/offered-protocols.ts'
import { oneWayWebSocket } from './one-way-web-socket.ts'
import type { StreamShare } from './stream-memory.ts'

const base64Protocol = 'base64.binary.k8s.io'

/** The WebSocket reply for a log. Throws a 400 if the client offers only unknown protocols. */
export function logWebSocket(request: ServerRequest, share: StreamShare): (body: BodyStream) => Reply {
  const protocol = chooseProtocol(request.headers, ['binary.k8s.io', base64Protocol, ''])
  const isText = protocol === base64Protocol
  return body =>
    oneWayWebSocket(body, {
      protocol,
      share,
      binary: !isText,
      first: isText ? '' : Buffer.alloc(0),
      messages: piece => [isText ? piece.toString('base64') : piece],
    })
}
