// The messages between the supervisor and a part, one JSON per line. The part uses Node's IPC channel for children; the supervisor reads it
// here. Node's own reader trusts its children: a compromised part could fill the memory of the supervisor, which is root, with an endless
// line, or end it with one of Node's own messages.
import type { Duplex } from 'node:stream'
import { isJsonObject, parseJson } from '../../base/json.ts'
import { writeJson } from '../../base/write-json.ts'
import type { PartMessage } from '../parts/part-process.ts'

/** Limit of one message and of all details of a part. The details contain the names of its nodes, which may be thousands. */
export const maxMessageBytes = 1024 * 1024

/** The file descriptor in the part, and the variable by which Node finds it. */
export const channelDescriptor = 3
export const channelEnvironment = { NODE_CHANNEL_FD: String(channelDescriptor), NODE_CHANNEL_SERIALIZATION_MODE: 'json' }

const newline = 0x0a

export interface PartChannelOptions {
  onMessage(message: PartMessage): void
  /** The part sent an invalid message. Nothing more is read from it. */
  onBroken(reason: string): void
}

export class PartChannel {
  readonly #stream: Duplex
  readonly #options: PartChannelOptions
  /** The beginning of an incomplete line. */
  #pending: Buffer[] = []
  #pendingBytes = 0
  #broken = false

  constructor(stream: Duplex, options: PartChannelOptions) {
    this.#stream = stream
    this.#options = options
    stream.on('data', (chunk: Buffer) => this.#read(chunk))
    // A part that has ended reads nothing any more; its exit code says why.
    stream.on('error', () => stream.destroy())
  }

  /** A part that has ended or could not be started gets nothing. */
  send(message: unknown): void {
    if (this.#stream.writable) this.#stream.write(`${writeJson(message)}\n`)
  }

  #read(chunk: Buffer): void {
    let rest = chunk
    while (!this.#broken) {
      const end = rest.indexOf(newline)
      this.#hold(end < 0 ? rest : rest.subarray(0, end))
      if (end < 0) return
      if (!this.#broken) this.#take()
      rest = rest.subarray(end + 1)
    }
  }

  #hold(piece: Buffer): void {
    this.#pendingBytes += piece.length
    if (this.#pendingBytes > maxMessageBytes) this.#break(`a message of more than ${maxMessageBytes} bytes`)
    else if (piece.length > 0) this.#pending.push(piece)
  }

  #take(): void {
    const message = parseMessage(Buffer.concat(this.#pending))
    this.#pending = []
    this.#pendingBytes = 0
    if (message === undefined) this.#break('an unknown message')
    else this.#options.onMessage(message)
  }

  #break(reason: string): void {
    this.#broken = true
    this.#pending = []
    this.#stream.destroy()
    this.#options.onBroken(reason)
  }
}

function parseMessage(line: Buffer): PartMessage | undefined {
  let value: unknown
  try {
    value = parseJson(line.toString('utf8'))
  } catch (err) {
    if (err instanceof SyntaxError) return undefined
    throw err
  }
  if (!isJsonObject(value)) return undefined
  const { type, details, message } = value
  switch (type) {
    case 'alive':
    case 'ending':
    case 'terminated':
      return { type }
    case 'ready':
    case 'details':
      return isJsonObject(details) ? { type, details } : undefined
    case 'fatal':
      return typeof message === 'string' ? { type, message } : undefined
    default:
      return undefined
  }
}
