// HTTP/2's frames (RFC 9113): their numbers, how one begins, and the small ones that a client writes.
import type { SendBuffer } from './send-buffer.ts'

/** What a client begins a connection with. */
export const preface = 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'

export const frameType = {
  data: 0,
  headers: 1,
  rstStream: 3,
  settings: 4,
  pushPromise: 5,
  ping: 6,
  goAway: 7,
  windowUpdate: 8,
  continuation: 9,
} as const

export const frameFlag = { endStream: 1, ack: 1, endHeaders: 4, padded: 8, priority: 32 } as const

export const setting = { headerTableSize: 1, enablePush: 2, maxConcurrentStreams: 3, initialWindowSize: 4, maxFrameSize: 5 } as const

export const headSize = 9
/** Until a setting says otherwise; ours says nothing else. */
export const defaultFrameSize = 16_384
export const defaultWindow = 65_535
export const largestWindow = 2 ** 31 - 1

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
export const noError = 0
const cancel = 8

export const errorName = (code: number): string => errorNames[code] ?? `error ${code}`

/** Needs `headSize` bytes of room at `at`. */
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

/** Of a connection where the stream is 0. */
export function writeWindowUpdate(out: SendBuffer, stream: number, more: number): void {
  begin(out, 4, frameType.windowUpdate, 0, stream)
  out.uint32(more)
}

export function writePingAck(out: SendBuffer, bytes: Buffer, start: number): void {
  begin(out, 8, frameType.ping, frameFlag.ack, 0)
  out.length += bytes.copy(out.bytes, out.length, start, start + 8)
}

/** What the server still expects on the stream will not come. */
export function writeCancel(out: SendBuffer, stream: number): void {
  begin(out, 4, frameType.rstStream, 0, stream)
  out.uint32(cancel)
}
