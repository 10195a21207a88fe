// A WebSocket that only brings something: nothing that the client says is looked at.
import type { BodyStream, Reply, Sink } from '../../http/exchange.ts'
import { acceptWebSocket } from './accept-web-socket.ts'
import type { StreamShare } from './stream-memory.ts'
import { highWater, WebSocketOutput } from './web-socket-output.ts'

export interface OneWayTerms {
  /** What was negotiated; '' for none. */
  readonly protocol: string
  /** Sent before anything of the body. */
  readonly first?: Buffer | string
  /** The messages that a piece of the body makes, and whether they are bytes or text. */
  messages(piece: Buffer): Iterable<Buffer | string>
  readonly binary: boolean
  readonly share: StreamShare
}

/** A client has nothing to say. */
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
      // `close` follows it.
      socket.on('error', () => socket.terminate())
      // A client that asks and does not read must not fill the memory with answers.
      socket.on('ping', data => {
        if (socket.bufferedAmount < highWater) socket.pong(data)
      })
      const output = new WebSocketOutput(socket, share)
      let last: Promise<void> = Promise.resolve()
      const send = (message: Buffer | string) => {
        last = output.send(message, binary)
        // The end of the connection tells.
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
