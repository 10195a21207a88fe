// A watch over a WebSocket: each event is a message, of text or, in protobuf, of bytes.
import { badRequest } from '../../api/status.ts'
import type { Encoding } from '../request/negotiate.ts'
import type { BodyStream, Reply, ServerRequest } from '../transport/exchange.ts'
import { offeredProtocols } from './offered-protocols.ts'
import { oneWayWebSocket } from './one-way-web-socket.ts'
import type { StreamShare } from './stream-memory.ts'
import { WholeFrames } from './whole-frames.ts'
import { WholeLines } from './whole-lines.ts'

/**
 * `body` writes whole lines, each an event, or in protobuf frames, whose length is not sent. Throws a 400 for more than one protocol, of which upstream
 * chooses none either.
 */
export function watchOverWebSocket(request: ServerRequest, share: StreamShare, body: BodyStream, encoding: Encoding): Reply {
  const offered = offeredProtocols(request.headers)
  const [protocol = ''] = offered
  if (offered.length > 1) throw badRequest(`a watch takes at most one WebSocket protocol, not ${offered.join(', ')}`)
  const binary = encoding === 'protobuf'
  const events = binary ? new WholeFrames() : new WholeLines()
  return oneWayWebSocket(body, { protocol, share, binary, messages: piece => events.take(piece) })
}
