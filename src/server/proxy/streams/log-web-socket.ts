// A log over a WebSocket: its pieces as bytes, or in base64 as text, behind an empty message that tells that the connection stands.
import type { BodyStream, Reply, ServerRequest } from '../../http/exchange.ts'
import { chooseProtocol } from '../../http/offered-protocols.ts'
import { oneWayWebSocket } from './one-way-web-socket.ts'
import type { StreamShare } from './stream-memory.ts'

const base64Protocol = 'base64.binary.k8s.io'

/** What carries the log. Throws a 400 where the client offers only what nobody knows. */
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
