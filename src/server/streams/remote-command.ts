// exec and attach: the channels of a WebSocket to the SPDY streams of remotecommand v4.
import type { Duplex } from 'node:stream'
import type { WebSocket } from 'ws'
import { internalError } from '../../api/status.ts'
import { ChannelSocket, copyStreams, writePieces } from './channel-socket.ts'
import { dataFrame, synStream } from './spdy-frames.ts'

/** What the client may choose from, best first. */
export const commandProtocols = ['v5.channel.k8s.io', 'v4.channel.k8s.io', 'v4.base64.channel.k8s.io'] as const

const channels = { stdin: 0, stdout: 1, stderr: 2, error: 3, resize: 4 } as const
type Channel = keyof typeof channels
const closeSignal = 255

export interface CommandStreams {
  readonly stdin: boolean
  readonly stdout: boolean
  readonly stderr: boolean
  readonly tty: boolean
}

/**
 * Resolves when the client's connection is closed. `node` is SPDY/3.1 with the runtime as server. The client always gets a Status on the error
 * channel before its normal closure: the runtime's own, or a Failure that says why there is none. Without one it would take the end for a success.
 */
export async function translateCommand(socket: WebSocket, node: Duplex, wanted: CommandStreams): Promise<void> {
  const client = new ChannelSocket(socket)
  const ids = openStreams(node, wanted)
  const send = (channel: number, data: Buffer) => client.send(channel, data)
  client.follow(node, (channel, data) => {
    if (channel === closeSignal && socket.protocol === 'v5.channel.k8s.io') {
      return data[0] === channels.stdin && ids.stdin !== undefined ? node.write(dataFrame(ids.stdin, Buffer.alloc(0), true)) : true
    }
    const id = channel === channels.stdin ? ids.stdin : channel === channels.resize ? ids.resize : undefined
    return id === undefined ? true : writePieces(node, id, data)
  })
  let failure: string | undefined
  try {
    if (!(await outputs(node, ids, send))) failure = 'the node ended the stream before it told how the command ended'
  } catch (err) {
    failure = err instanceof Error ? err.message : String(err)
  }
  // Where the client itself is gone there is nobody to tell.
  if (failure !== undefined && socket.readyState === socket.OPEN) {
    await send(channels.error, Buffer.from(JSON.stringify(internalError(failure).status))).catch(() => socket.terminate())
  }
  node.destroy()
  await client.close()
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

/** Until all streams or the node's bytes have ended. Returns whether the runtime told how the command ended; throws where the bytes make no sense. */
async function outputs(
  node: Duplex,
  ids: Partial<Record<Channel, number>>,
  send: (channel: number, data: Buffer) => Promise<void>,
): Promise<boolean> {
  const open = new Map<number, number>()
  for (const name of ['error', 'stdout', 'stderr'] as const) {
    const id = ids[name]
    if (id !== undefined) open.set(id, channels[name])
  }
  let told = false
  await copyStreams(node, open, send, (stream, data, ended) => {
    // An error stream that ends empty says that all went well.
    if (stream === ids.error && (data.length > 0 || ended)) told = true
  })
  return told
}
