// exec and attach: translates the channels of a WebSocket to the SPDY streams of remotecommand v4.
import type { Duplex } from 'node:stream'
import type { WebSocket } from 'ws'
import { internalError } from '../../../api/status.ts'
import { isJsonObject, parseJson } from '../../../base/json.ts'
import { writeJson } from '../../../base/write-json.ts'
import { ChannelSocket, copyStreams, writePieces } from './channel-socket.ts'
import { dataFrame, synStream } from './spdy-frames.ts'
import type { StreamShare } from './stream-memory.ts'

/** The first protocols end without a Status: failures are plain text, and success is silent. */
const wordyProtocols: readonly string[] = ['', 'channel.k8s.io', 'base64.channel.k8s.io']
/** Protocols that the client may choose, best first; '' if it offers none. */
export const commandProtocols = ['v5.channel.k8s.io', 'v4.channel.k8s.io', 'v4.base64.channel.k8s.io', ...wordyProtocols]

const channels = { stdin: 0, stdout: 1, stderr: 2, error: 3, resize: 4 } as const
type Channel = keyof typeof channels
const closeSignal = 255
/** Limit in bytes of a Status that is buffered. */
const maxEndingLength = 65_536

export interface CommandStreams {
  readonly stdin: boolean
  readonly stdout: boolean
  readonly stderr: boolean
  readonly tty: boolean
}

/**
 * Resolves when the client's connection is closed. `node` is SPDY/3.1 with the runtime as server. The client always gets a Status on the error
 * channel before the normal close: that of the runtime, or a Failure with the reason why there is none. Otherwise it would treat the end as success.
 * Before, an empty message on the first output channel confirms the connection, once the node has answered: kubectl 1.32 discards and reports a message
 * that arrives before it has created its streams.
 */
export async function translateCommand(socket: WebSocket, share: StreamShare, node: Duplex, wanted: CommandStreams): Promise<void> {
  const client = new ChannelSocket(socket, share)
  const ids = openStreams(node, wanted)
  const isWordy = wordyProtocols.includes(socket.protocol)
  let ending = Buffer.alloc(0)
  const send = async (channel: number, data: Buffer) => {
    if (!isWordy || channel !== channels.error) return await client.send(channel, data)
    if (ending.length < maxEndingLength) ending = Buffer.concat([ending, data])
  }
  client.follow(node, (channel, data) => {
    if (channel === closeSignal && socket.protocol === 'v5.channel.k8s.io') {
      return data[0] === channels.stdin && ids.stdin !== undefined ? node.write(dataFrame(ids.stdin, Buffer.alloc(0), true)) : true
    }
    const id = channel === channels.stdin ? ids.stdin : channel === channels.resize ? ids.resize : undefined
    return id === undefined ? true : writePieces(node, id, data)
  })
  let failure: string | undefined
  try {
    await firstAnswer(node)
    await client.send(wanted.stdout ? channels.stdout : wanted.stderr ? channels.stderr : channels.error, Buffer.alloc(0))
    if (!(await outputs(node, ids, send))) failure = 'the node ended the stream before it sent the exit status of the command'
  } catch (err) {
    failure = err instanceof Error ? err.message : String(err)
  }
  const status = failure === undefined ? undefined : internalError(failure).status
  const text = isWordy ? failureMessage(status ?? readStatus(ending.toString())) : status && writeJson(status)
  // If the client is gone, there is nobody to report to.
  if (text !== undefined && socket.readyState === socket.OPEN) {
    await client.send(channels.error, Buffer.from(text)).catch(() => socket.terminate())
  }
  node.destroy()
  await client.close()
}

/**
 * Resolves when the node has sent something or has ended. Consumes nothing: who reads next gets the bytes, or the error. A runtime replies to the creation of
 * the streams before it starts the command.
 */
function firstAnswer(node: Duplex): Promise<void> {
  return new Promise(resolve => {
    for (const event of ['readable', 'error', 'close'] as const) node.once(event, () => resolve())
  })
}

/** The final Status of the runtime; undefined if there is none, which means success. */
function readStatus(text: string): unknown {
  if (text === '') return undefined
  try {
    return parseJson(text)
  } catch {
    // A runtime with the first protocol sends plain text.
    return { status: 'Failure', message: text }
  }
}

function failureMessage(status: unknown): string | undefined {
  if (!isJsonObject(status) || status.status === 'Success') return undefined
  return typeof status.message === 'string' ? status.message : ''
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

/** Runs until all streams or the node's connection have ended. Returns whether the runtime reported how the command ended; throws if the bytes are malformed. */
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
  let reported = false
  await copyStreams(node, open, send, (stream, data, ended) => {
    // An empty error stream means success.
    if (stream === ids.error && (data.length > 0 || ended)) reported = true
  })
  return reported
}
