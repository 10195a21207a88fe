// A watch over a WebSocket: each event is a text message, nothing that the client says is looked at.
import { badRequest } from '../../api/status.ts'
import type { BodyStream, Reply, ServerRequest, Sink } from '../exchange.ts'
import { acceptWebSocket } from './accept-web-socket.ts'
import { offeredProtocols } from './offered-protocols.ts'
import { demandOwnOrigin } from './own-origin.ts'
import { highWater, WebSocketOutput } from './web-socket-output.ts'
import { WholeLines } from './whole-lines.ts'

/** A client has nothing to say. */
const maxMessageBytes = 4096

/** `body` writes whole lines, each an event. Throws a 400 for more than one protocol, of which upstream chooses none either, and a 403 for a page of another origin. */
export function watchOverWebSocket(request: ServerRequest, body: BodyStream): Reply {
  demandOwnOrigin(request)
  const offered = offeredProtocols(request.headers)
  const [protocol = ''] = offered
  if (offered.length > 1) throw badRequest(`a watch takes at most one WebSocket protocol, not ${offered.join(', ')}`)
  return {
    status: 101,
    contentType: '',
    body: Buffer.alloc(0),
    longRunning: true,
    async upgrade(connection) {
      const socket = await acceptWebSocket(connection, { protocol, maxMessageBytes, autoPong: false })
      const gone = new AbortController()
      socket.once('close', () => gone.abort(new Error('the client is gone')))
      // `close` follows it.
      socket.on('error', () => socket.terminate())
      // A client that asks and does not read must not fill the memory with answers.
      socket.on('ping', data => {
        if (socket.bufferedAmount < highWater) socket.pong(data)
      })
      const output = new WebSocketOutput(socket)
      const lines = new WholeLines()
      let last: Promise<void> = Promise.resolve()
      const sink: Sink = {
        write(chunk) {
          for (const line of lines.take(chunk)) {
            last = output.send(line, false)
            // The end of the connection tells.
            last.catch(() => undefined)
          }
          return socket.bufferedAmount < highWater
        },
        drained: () => last,
      }
      try {
        await body(sink, gone.signal)
      } finally {
        if (socket.readyState !== socket.CLOSED) await output.close()
      }
    },
  }
}
