// What the supervisor and a part say to each other, one JSON to a line. On the part's side it is the channel that Node opens for children; on ours it is read
// here. Node's own reader trusts its children: one that was taken over would fill the memory of the supervisor, which is root, with a line without
// end, or end it with a message of Node's own.
import type { Duplex } from 'node:stream'
import { isJsonObject, parseJson } from '../../base/json.ts'
import type { PartMessage } from '../part-process.ts'

/** Of one message, and of all details of a part: the names of its nodes are among them, which may be thousands. */
export const maxMessageBytes = 1024 * 1024

/** The file descriptor in the part, and how Node finds it there. */
export const channelDescriptor = 3
export const channelEnvironment = { NODE_CHANNEL_FD: String(channelDescriptor), NODE_CHANNEL_SERIALIZATION_MODE: 'json' }

const newline = 0x0a

export interface PartChannelOptions {
  onMessage(message: PartMessage): void
  /** The part says what none says that is as it was started. It is not listened to any more. */
  onBroken(reason: string): void
}

export class PartChannel {
  readonly #stream: Duplex
  readonly #options: PartChannelOptions
  /** The beginning of a line whose end is pending. */
  #pending: Buffer[] = []
  #pendingBytes = 0
  #broken = false

  constructor(stream: Duplex, options: PartChannelOptions) {
    this.#stream = stream
    this.#options = options
    stream.on('data', (chunk: Buffer) => this.#read(chunk))
    // A part that has ended takes nothing any more; its exit says why.
    stream.on('error', () => stream.destroy())
  }

  /** A part that has ended, or could not be started, gets nothing. */
  send(message: unknown): void {
    if (this.#stream.writable) this.#stream.write(`${JSON.stringify(message)}\n`)
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
    if (message === undefined) this.#break('a message that no part sends')
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
