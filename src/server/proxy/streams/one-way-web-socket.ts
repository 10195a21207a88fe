// A WebSocket that only sends; messages of the client are ignored.
import type { BodyStream, Reply, Sink } from '../../http/exchange.ts'
import { acceptWebSocket } from './accept-web-socket.ts'
import type { StreamShare } from './stream-memory.ts'
import { highWater, WebSocketOutput } from './web-socket-output.ts'

export interface OneWayTerms {
  /** The negotiated protocol; '' for none. */
  readonly protocol: string
  /** Sent before the body. */
  readonly first?: Buffer | string
  /** Converts a piece of the body to messages, binary or text. */
  messages(piece: Buffer): Iterable<Buffer | string>
  readonly binary: boolean
  readonly share: StreamShare
}

/** Limit of a client's message, which is ignored. */
const maxMessageBytes = 4096

export function oneWayWebSocket(body: BodyStream, { protocol, first, messages, binary, share }: OneWayTerms): Reply {
  return {
    status: 101,
    contentType: '',
    body: Buffer.alloc(0),
    longRunning: true,
    async upgrade(connection) {
      const socket = await acceptWebSocket(connection, { protocol, maxMessageBytes, autoPong: false, share })
      const gone = new AbortController()
      socket.once('close', () => gone.abort(new Error('the client is gone')))
      // `close` follows.
      socket.on('error', () => socket.terminate())
      // A client that sends pings and does not read must not fill the memory with pongs.
      socket.on('ping', data => {
        if (socket.bufferedAmount < highWater) socket.pong(data)
      })
      const output = new WebSocketOutput(socket, share)
      let last: Promise<void> = Promise.resolve()
      const send = (message: Buffer | string) => {
        last = output.send(message, binary)
        // The closed connection reports it.
        last.catch(() => undefined)
      }
      const sink: Sink = {
        write(chunk) {
          for (const message of messages(chunk)) send(message)
          return output.hasRoom
        },
        drained: () => last,
      }
      try {
        if (first !== undefined) send(first)
        await body(sink, gone.signal)
      } finally {
        if (socket.readyState !== socket.CLOSED) await output.close()
      }
    },
  }
}
