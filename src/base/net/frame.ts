// The wire format of the parts' unix sockets: a length in four bytes (big endian), then that many bytes of JSON. Limited, so that no peer can make the
// other buffer without end.
import { parseJson } from '../json.ts'
import { writeJson } from '../write-json.ts'

export const maxFrameBytes = 1 << 20
const headerBytes = 4

/** The peer violated the wire format, so the connection is unusable; or a message does not fit into a frame. */
export class FrameError extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'FrameError'
  }
}

export function encodeFrame(value: unknown): Buffer {
  const body = Buffer.from(writeJson(value))
  if (body.length > maxFrameBytes) throw new FrameError(`A frame of ${body.length} bytes exceeds ${maxFrameBytes}`)
  const frame = Buffer.allocUnsafe(headerBytes + body.length)
  frame.writeUInt32BE(body.length, 0)
  body.copy(frame, headerBytes)
  return frame
}

/**
 * Collects chunks and passes on whole parsed frames with the bytes of each. Throws `FrameError` for too long or invalid ones. Each byte is
 * copied a limited number of times, however small the chunks are.
 */
export function createFrameReader(onFrame: (value: unknown, bytes: number) => void): (chunk: Buffer) => void {
  const none = Buffer.alloc(0)
  /** The beginning of an incomplete frame; `held.length` is its capacity. */
  let held: Buffer = none
  let heldBytes = 0

  const hold = (bytes: Buffer) => {
    const needed = heldBytes + bytes.length
    if (needed > held.length) {
      const larger = Buffer.allocUnsafe(Math.max(needed, held.length * 2))
      held.copy(larger, 0, 0, heldBytes)
      held = larger
    }
    bytes.copy(held, heldBytes)
    heldBytes = needed
  }

  return chunk => {
    let bytes = chunk
    if (heldBytes > 0) {
      hold(chunk)
      bytes = held.subarray(0, heldBytes)
    }
    let at = 0
    while (bytes.length - at >= headerBytes) {
      const length = bytes.readUInt32BE(at)
      if (length > maxFrameBytes) throw new FrameError(`A frame of ${length} bytes exceeds ${maxFrameBytes}`)
      const end = at + headerBytes + length
      if (bytes.length < end) break
      onFrame(parse(bytes.subarray(at + headerBytes, end)), headerBytes + length)
      at = end
    }
    // No frame is complete, and all bytes are buffered already.
    if (at === 0 && heldBytes > 0) return
    const rest = bytes.subarray(at)
    held = none
    heldBytes = 0
    if (rest.length > 0) hold(rest)
  }
}

function parse(body: Buffer): unknown {
  try {
    return parseJson(body.toString('utf8'))
  } catch {
    throw new FrameError('A frame is not JSON')
  }
}
