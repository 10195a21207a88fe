// port-forward: SPDY within a WebSocket, as kubectl sends it, or two channels of a WebSocket per port, as the Python and JavaScript clients do.
import type { Duplex } from 'node:stream'
import type { WebSocket } from 'ws'
import { goQuote } from '../../../api/go-text/go-quote.ts'
import { badRequest } from '../../../api/status.ts'
import { bytesOf, ChannelSocket, copyStreams, followClient, writePieces } from './channel-socket.ts'
import { dataFrame, synStream } from './spdy-frames.ts'
import type { StreamShare } from './stream-memory.ts'
import { WebSocketOutput } from './web-socket-output.ts'

export const tunnelProtocol = 'SPDY/3.1+portforward.k8s.io'
/** Protocols that the client may choose, best first; '' if it offers none. */
export const portProtocols = [tunnelProtocol, 'v4.channel.k8s.io', 'v4.base64.channel.k8s.io', ''] as const

/** A channel number is one byte, and with base64 a character before the letters. */
const maxPorts = 32

/** The requested ports. Throws upstream's 400 for an invalid one. */
export function readPorts(query: readonly string[]): readonly number[] {
  return query.flatMap(text => text.split(',')).map(readPort)
}

function readPort(text: string): number {
  const fail = (reason: string) => badRequest(`cannot convert to []int32: strconv.ParseUint: parsing ${goQuote(text)}: ${reason}`)
  if (!/^\d+$/.test(text)) throw fail('invalid syntax')
  const port = Number(text)
  if (port > 65535) throw fail('value out of range')
  return port
}

/** Throws a 400 if there are no ports, or too many for channels. The node validates each port. */
export function requireChannels(ports: readonly number[]): readonly number[] {
  if (ports.length === 0) throw badRequest('query parameter "ports" is required')
  if (ports.length > maxPorts)
    throw badRequest(`query parameter "ports" has ${ports.length} ports, at most ${maxPorts} go over one WebSocket`)
  return ports
}

/** Each message is a piece of the SPDY stream, which the runtime parses. Resolves when the client's connection is closed. */
export async function tunnelBytes(socket: WebSocket, share: StreamShare, node: Duplex): Promise<void> {
  const output = new WebSocketOutput(socket, share)
  followClient(socket, share, node, raw => node.write(bytesOf(raw)))
  try {
    for await (const chunk of node) await output.send(chunk)
  } catch {
    // The client is gone, or the node cut the stream: SPDY has no message for it, so the connection is closed.
  }
  node.destroy()
  await output.close()
}

/**
 * For the port at `index`, the channel `2 * index` carries data and the next one errors. Both begin with the port in two bytes, the lower
 * first. Resolves when the client's connection is closed, after all ports have ended. `node` is SPDY/3.1 with the runtime as server.
 */
export async function translatePorts(socket: WebSocket, share: StreamShare, node: Duplex, ports: readonly number[]): Promise<void> {
  const client = new ChannelSocket(socket, share)
  const channels = openPorts(node, ports)
  const ids = new Map([...channels].map(([id, channel]) => [channel, id]))
  client.follow(node, (channel, data) => {
    const id = channel === undefined || channel % 2 === 1 ? undefined : ids.get(channel)
    return id === undefined ? true : writePieces(node, id, data)
  })
  try {
    for (const [index, port] of ports.entries()) {
      const number = Buffer.from([port & 0xff, port >> 8])
      await client.send(2 * index, number)
      await client.send(2 * index + 1, number)
    }
    await copyStreams(node, channels, (channel, data) => client.send(channel, data))
  } catch {
    // As in tunnelBytes(): the connection is closed.
  }
  node.destroy()
  await client.close()
}

/** The streams of each port, errors first as in kubectl: their numbers and channels. */
function openPorts(node: Duplex, ports: readonly number[]): Map<number, number> {
  const channels = new Map<number, number>()
  for (const [index, port] of ports.entries()) {
    const of = { port: String(port), requestid: String(index) }
    const error = 4 * index + 1
    node.write(synStream(error, { streamtype: 'error', ...of }, index === 0))
    node.write(dataFrame(error, Buffer.alloc(0), true))
    node.write(synStream(error + 2, { streamtype: 'data', ...of }, false))
    channels.set(error, 2 * index + 1).set(error + 2, 2 * index)
  }
  return channels
}
