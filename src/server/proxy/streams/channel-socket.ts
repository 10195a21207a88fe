// A WebSocket whose messages begin with a channel number: `v4.channel.k8s.io` and similar protocols.
import type { Duplex } from 'node:stream'
import type { RawData, WebSocket } from 'ws'
import { endForMemory } from './accept-web-socket.ts'
import { dataFrame, ping, SpdyReader } from './spdy-frames.ts'
import type { StreamShare } from './stream-memory.ts'
import { WebSocketOutput } from './web-socket-output.ts'

const pieceBytes = 32 * 1024
/** With base64 the channel is a character, starting at `0`. */
const firstDigit = 48

export class ChannelSocket {
  readonly #socket: WebSocket
  readonly #share: StreamShare
  readonly #output: WebSocketOutput
  readonly #base64: boolean

  constructor(socket: WebSocket, share: StreamShare) {
    this.#socket = socket
    this.#share = share
    this.#output = new WebSocketOutput(socket, share)
    this.#base64 = socket.protocol.includes('base64.')
  }

  /** Like WebSocketOutput.send(). */
  send(channel: number, data: Buffer): Promise<void> {
    if (this.#base64) return this.#output.send(`${String.fromCharCode(firstDigit + channel)}${data.toString('base64')}`)
    return this.#output.send(Buffer.concat([Buffer.from([channel]), data]))
  }

  /** Passes each message to `take`, at the speed of the node; ends the node's stream with the client. `take` returns false if the node is behind. */
  follow(node: Duplex, take: (channel: number | undefined, data: Buffer) => boolean): void {
    followClient(this.#socket, this.#share, node, raw => {
      const message = bytesOf(raw)
      const [first] = message
      if (!this.#base64 || first === undefined) return take(first, message.subarray(1))
      return take(first - firstDigit, Buffer.from(message.toString('latin1', 1), 'base64'))
    })
  }

  /** Like WebSocketOutput.close(). */
  close(): Promise<void> {
    return this.#output.close()
  }
}

/** Writes the content of a message to a stream of the node; false if the node is behind. */
export function writePieces(node: Duplex, stream: number, data: Buffer): boolean {
  let room = true
  for (let at = 0; at < data.length; at += pieceBytes) room = node.write(dataFrame(stream, data.subarray(at, at + pieceBytes), false))
  return room
}

/**
 * Sends the bytes of the node's streams to their channels, until all streams or the node's connection have ended. Rejects if the client is
 * gone or the bytes are malformed. Calls `note` for each piece and end after it was sent.
 */
export async function copyStreams(
  node: Duplex,
  streams: ReadonlyMap<number, number>,
  send: (channel: number, data: Buffer) => Promise<void>,
  note: (stream: number, data: Buffer, ended: boolean) => void = () => undefined,
): Promise<void> {
  const open = new Map(streams)
  const reader = new SpdyReader()
  for await (const chunk of node) {
    for (const frame of reader.push(chunk)) {
      // Odd numbers acknowledge PINGs of this side, which sends none.
      if (frame.type === 'ping' && frame.id % 2 === 0) node.write(ping(frame.id))
      const data = frame.type === 'data' ? frame.data : nothing
      if (data.length > 0 && 'stream' in frame) {
        const channel = open.get(frame.stream)
        if (channel !== undefined) await send(channel, data)
      }
      const ended = 'fin' in frame && frame.fin
      if ('stream' in frame) note(frame.stream, data, ended)
      if ((frame.type === 'reset' || ended) && 'stream' in frame) open.delete(frame.stream)
    }
    if (open.size === 0) return
  }
}

const nothing = Buffer.alloc(0)

/** See `ChannelSocket.follow()`. */
export function followClient(socket: WebSocket, share: StreamShare, node: Duplex, take: (raw: RawData) => boolean): void {
  // `close` follows each error.
  socket.on('error', () => node.destroy())
  socket.on('close', () => node.destroy())
  socket.on('message', (raw: RawData) => {
    if (!node.writable) return
    if (!take(raw)) socket.pause()
    if (!share.forwarded(node.writableLength)) endForMemory(socket)
  })
  node.on('drain', () => {
    share.forwarded(node.writableLength)
    socket.resume()
  })
}

export function bytesOf(raw: RawData): Buffer {
  return Array.isArray(raw) ? Buffer.concat(raw) : Buffer.isBuffer(raw) ? raw : Buffer.from(raw)
}
