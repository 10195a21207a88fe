// A watch over a WebSocket: each event is a text message.
import { badRequest } from '../../api/status.ts'
import type { BodyStream, Reply, ServerRequest } from '../transport/exchange.ts'
import { offeredProtocols } from './offered-protocols.ts'
import { oneWayWebSocket } from './one-way-web-socket.ts'
import type { StreamShare } from './stream-memory.ts'
import { WholeLines } from './whole-lines.ts'

/** `body` writes whole lines, each an event. Throws a 400 for more than one protocol, of which upstream chooses none either. */
export function watchOverWebSocket(request: ServerRequest, share: StreamShare, body: BodyStream): Reply {
  const offered = offeredProtocols(request.headers)
  const [protocol = ''] = offered
  if (offered.length > 1) throw badRequest(`a watch takes at most one WebSocket protocol, not ${offered.join(', ')}`)
  const lines = new WholeLines()
  return oneWayWebSocket(body, { protocol, share, binary: false, messages: piece => lines.take(piece) })
}
