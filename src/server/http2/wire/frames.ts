// The frames of HTTP/2 (RFC 9113): type numbers, flags, error codes, the frame header, and writers of small frames.
import type { SendBuffer } from './send-buffer.ts'

/** The connection preface of a client. */
export const preface = 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'

export const frameType = {
  data: 0,
  headers: 1,
  priority: 2,
  rstStream: 3,
  settings: 4,
  pushPromise: 5,
  ping: 6,
  goAway: 7,
  windowUpdate: 8,
  continuation: 9,
} as const

export const frameFlag = { endStream: 1, ack: 1, endHeaders: 4, padded: 8, priority: 32 } as const

export const setting = {
  headerTableSize: 1,
  enablePush: 2,
  maxConcurrentStreams: 3,
  initialWindowSize: 4,
  maxFrameSize: 5,
  maxHeaderListSize: 6,
} as const

export const headSize = 9
/** Before a setting changes it. This server does not change it. */
export const defaultFrameSize = 16_384
export const defaultWindow = 65_535
export const largestWindow = 2 ** 31 - 1
export const largestFrameSize = 2 ** 24 - 1

const errorNames = [
  'NO_ERROR',
  'PROTOCOL_ERROR',
  'INTERNAL_ERROR',
  'FLOW_CONTROL_ERROR',
  'SETTINGS_TIMEOUT',
  'STREAM_CLOSED',
  'FRAME_SIZE_ERROR',
  'REFUSED_STREAM',
  'CANCEL',
  'COMPRESSION_ERROR',
  'CONNECT_ERROR',
  'ENHANCE_YOUR_CALM',
  'INADEQUATE_SECURITY',
  'HTTP_1_1_REQUIRED',
]
/** The error codes that are sent or checked. */
export const errorCode = {
  noError: 0,
  protocolError: 1,
  internalError: 2,
  flowControlError: 3,
  streamClosed: 5,
  frameSizeError: 6,
  refusedStream: 7,
  cancel: 8,
  compressionError: 9,
  enhanceYourCalm: 11,
} as const

export type ErrorCode = (typeof errorCode)[keyof typeof errorCode]

/** A connection error: the peer broke a rule, and the two sides no longer agree on the state of the connection. */
export class Http2Error extends Error {
  override readonly name = 'Http2Error'
  readonly code: ErrorCode

  constructor(code: ErrorCode, message: string) {
    super(message)
    this.code = code
  }
}

export const errorName = (code: number): string => errorNames[code] ?? `error ${code}`

/** Writes a frame header; needs `headSize` bytes of room at `at`. */
export function writeHead(bytes: Buffer, at: number, length: number, type: number, flags: number, stream: number): void {
  bytes[at] = length >>> 16
  bytes[at + 1] = length >>> 8
  bytes[at + 2] = length
  bytes[at + 3] = type
  bytes[at + 4] = flags
  bytes[at + 5] = stream >>> 24
  bytes[at + 6] = stream >>> 16
  bytes[at + 7] = stream >>> 8
  bytes[at + 8] = stream
}

function begin(out: SendBuffer, length: number, type: number, flags: number, stream: number): void {
  out.reserve(headSize + length)
  writeHead(out.bytes, out.length, length, type, flags, stream)
  out.length += headSize
}

export function writeSettings(out: SendBuffer, values: readonly (readonly [id: number, value: number])[]): void {
  begin(out, 6 * values.length, frameType.settings, 0, 0)
  for (const [id, value] of values) {
    out.byte(id >>> 8)
    out.byte(id)
    out.uint32(value)
  }
}

export function writeSettingsAck(out: SendBuffer): void {
  begin(out, 0, frameType.settings, frameFlag.ack, 0)
}

/** For the connection if the stream is 0. */
export function writeWindowUpdate(out: SendBuffer, stream: number, more: number): void {
  begin(out, 4, frameType.windowUpdate, 0, stream)
  out.uint32(more)
}

export function writePingAck(out: SendBuffer, bytes: Buffer, start: number): void {
  begin(out, 8, frameType.ping, frameFlag.ack, 0)
  out.length += bytes.copy(out.bytes, out.length, start, start + 8)
}

/** The peer sends the eight bytes back. */
export function writePing(out: SendBuffer): void {
  begin(out, 8, frameType.ping, 0, 0)
  out.uint32(0)
  out.uint32(0)
}

/** Closes the stream for both sides. */
export function writeReset(out: SendBuffer, stream: number, code: ErrorCode): void {
  begin(out, 4, frameType.rstStream, 0, stream)
  out.uint32(code)
}

/** Streams above `last` were not processed. */
export function writeGoAway(out: SendBuffer, last: number, code: ErrorCode): void {
  begin(out, 8, frameType.goAway, 0, 0)
  out.uint32(last)
  out.uint32(code)
}

/** The first four bytes of a frame that must have this length. */
export function numberAt(bytes: Buffer, start: number, end: number, length: number): number {
  if (end - start !== length) throw new Http2Error(errorCode.frameSizeError, `a frame has ${end - start} bytes, expected ${length}`)
  return bytes.readUInt32BE(start)
}

/** The window after an increment. Above the largest window it throws (RFC 9113, 6.9.1). */
export function widened(window: number, more: number): number {
  if (window + more > largestWindow) throw new Http2Error(errorCode.flowControlError, 'a flow-control window exceeds 2^31 - 1')
  return window + more
}
