// A watch over a WebSocket: each event is a text message, or a binary one for protobuf.
import { badRequest } from '../../api/status.ts'
import type { BodyStream, Reply, ServerRequest } from '../http/exchange.ts'
import { offeredProtocols } from '../http/offered-protocols.ts'
import { oneWayWebSocket } from '../proxy/streams/one-way-web-socket.ts'
import type { StreamShare } from '../proxy/streams/stream-memory.ts'
import { WholeFrames } from '../proxy/streams/whole-frames.ts'
import { WholeLines } from '../proxy/streams/whole-lines.ts'
import type { Encoding } from '../request/negotiate.ts'

/**
 * `body` writes whole lines, one per event, or protobuf frames, whose length is not sent. Throws a 400 for more than one protocol, because upstream
 * chooses none of several.
 */
export function watchOverWebSocket(request: ServerRequest, share: StreamShare, body: BodyStream, encoding: Encoding): Reply {
  const offered = offeredProtocols(request.headers)
  const [protocol = ''] = offered
  if (offered.length > 1) throw badRequest(`a watch takes at most one WebSocket protocol, not ${offered.join(', ')}`)
  const binary = encoding === 'protobuf'
  const events = binary ? new WholeFrames() : new WholeLines()
  return oneWayWebSocket(body, { protocol, share, binary, messages: piece => events.take(piece) })
}
