// exec and attach: the channels of a WebSocket to the SPDY streams of remotecommand v4.
import { once } from 'node:events'
import type { Duplex } from 'node:stream'
import type { RawData, WebSocket } from 'ws'
import { dataFrame, ping, SpdyReader, synStream } from './spdy-frames.ts'

/** What the client may choose from, best first. */
export const commandProtocols = ['v5.channel.k8s.io', 'v4.channel.k8s.io', 'base64.v4.channel.k8s.io'] as const

const channels = { stdin: 0, stdout: 1, stderr: 2, error: 3, resize: 4 } as const
type Channel = keyof typeof channels
const closeSignal = 255
const highWater = 1 << 20
const pieceBytes = 32 * 1024

export interface CommandStreams {
  readonly stdin: boolean
  readonly stdout: boolean
  readonly stderr: boolean
  readonly tty: boolean
}

/** Resolves when the command's connection is done. `node` is SPDY/3.1 with the runtime as server. */
export async function translateCommand(socket: WebSocket, node: Duplex, wanted: CommandStreams): Promise<void> {
  const base64 = socket.protocol.startsWith('base64.')
  const ids = openStreams(node, wanted)
  socket.on('error', () => node.destroy())
  socket.on('close', () => node.destroy())
  socket.on('message', (raw: RawData) => {
    const message = bytesOf(raw)
    const channel = base64 ? (message[0] ?? 48) - 48 : message[0]
    if (channel === closeSignal && socket.protocol === 'v5.channel.k8s.io') {
      if (message[1] === channels.stdin && ids.stdin !== undefined) node.write(dataFrame(ids.stdin, Buffer.alloc(0), true))
      return
    }
    const id = channel === channels.stdin ? ids.stdin : channel === channels.resize ? ids.resize : undefined
    const data = base64 ? Buffer.from(message.toString('latin1', 1), 'base64') : message.subarray(1)
    if (id === undefined || data.length === 0 || !node.writable) return
    let room = true
    for (let at = 0; at < data.length; at += pieceBytes) room = node.write(dataFrame(id, data.subarray(at, at + pieceBytes), false))
    if (!room) {
      socket.pause()
      node.once('drain', () => socket.resume())
    }
  })
  try {
    await outputs(socket, node, ids, base64)
    socket.close(1000)
  } catch (err) {
    // The client is gone, or the runtime's bytes make no sense: 1011 is what a client reports as a failure.
    socket.close(1011, err instanceof Error ? err.message.slice(0, 120) : 'stream failed')
  } finally {
    node.destroy()
  }
}

function openStreams(node: Duplex, wanted: CommandStreams): Partial<Record<Channel, number>> {
  const ids: Partial<Record<Channel, number>> = {}
  const names: readonly Channel[] = ['error', 'stdin', 'stdout', 'stderr', 'resize']
  let next = 1
  for (const name of names) {
    if (name === 'resize' ? !wanted.tty : name === 'stderr' ? !wanted.stderr || wanted.tty : name !== 'error' && !wanted[name]) continue
    ids[name] = next
    node.write(synStream(next, { streamtype: name }, next === 1))
    next += 2
  }
  return ids
}

async function outputs(socket: WebSocket, node: Duplex, ids: Partial<Record<Channel, number>>, base64: boolean): Promise<void> {
  const open = new Map<number, number>()
  for (const name of ['error', 'stdout', 'stderr'] as const) {
    const id = ids[name]
    if (id !== undefined) open.set(id, channels[name])
  }
  const reader = new SpdyReader()
  for await (const chunk of node) {
    for (const frame of reader.push(chunk)) {
      if (frame.type === 'ping' && frame.id % 2 === 0) node.write(ping(frame.id))
      if (frame.type === 'data' && frame.data.length > 0) {
        const channel = open.get(frame.stream)
        if (channel !== undefined) await send(socket, channel, frame.data, base64)
      }
      if (frame.type === 'reset' || ('fin' in frame && frame.fin)) open.delete(frame.stream)
    }
    if (open.size === 0) return
  }
}

async function send(socket: WebSocket, channel: number, data: Buffer, base64: boolean): Promise<void> {
  const message = base64 ? `${channel}${data.toString('base64')}` : Buffer.concat([Buffer.from([channel]), data])
  const sent = new Promise<void>((resolve, reject) => socket.send(message, err => (err ? reject(err) : resolve())))
  if (socket.bufferedAmount > highWater) await sent
  else sent.catch(() => socket.terminate())
}

/** Port-forward: each message is a piece of the SPDY bytes, which the runtime reads itself. */
export async function tunnelBytes(socket: WebSocket, node: Duplex): Promise<void> {
  socket.on('error', () => node.destroy())
  socket.on('close', () => node.destroy())
  socket.on('message', (raw: RawData) => {
    if (!node.writable || node.write(bytesOf(raw))) return
    socket.pause()
    node.once('drain', () => socket.resume())
  })
  node.on('data', (chunk: Buffer) => {
    socket.send(chunk)
    if (socket.bufferedAmount <= highWater) return
    node.pause()
    socket.ping(undefined, undefined, () => node.resume())
  })
  // An error is followed by `close`, and the close is what ends the tunnel.
  node.on('error', () => node.destroy())
  if (!node.closed) await once(node, 'close')
  socket.close(1000)
}

function bytesOf(raw: RawData): Buffer {
  return Array.isArray(raw) ? Buffer.concat(raw) : Buffer.isBuffer(raw) ? raw : Buffer.from(raw)
}
