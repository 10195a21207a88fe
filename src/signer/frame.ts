// The signer's wire form: a length in four bytes (big endian), then that much JSON. Bounded, so that no peer can make the other buffer without end.
import { parseJson } from '../base/json.ts'

const maxFrameBytes = 1 << 20

/** The peer broke the wire form; the connection is of no further use. */
export class FrameError extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'FrameError'
  }
}

export function encodeFrame(value: unknown): Buffer {
  const body = Buffer.from(JSON.stringify(value))
  if (body.length > maxFrameBytes) throw new FrameError(`A frame of ${body.length} bytes exceeds ${maxFrameBytes}`)
  const frame = Buffer.allocUnsafe(4 + body.length)
  frame.writeUInt32BE(body.length, 0)
  body.copy(frame, 4)
  return frame
}

/** Gathers chunks and hands out whole frames, parsed. Throws `FrameError` for too long or unparsable ones. */
export function createFrameReader(onFrame: (value: unknown) => void): (chunk: Buffer) => void {
  let buffered: Buffer = Buffer.alloc(0)
  return chunk => {
    buffered = buffered.length === 0 ? chunk : Buffer.concat([buffered, chunk])
    while (buffered.length >= 4) {
      const length = buffered.readUInt32BE(0)
      if (length > maxFrameBytes) throw new FrameError(`A frame of ${length} bytes exceeds ${maxFrameBytes}`)
      if (buffered.length < 4 + length) return
      const body = buffered.subarray(4, 4 + length)
      buffered = buffered.subarray(4 + length)
      onFrame(parse(body))
    }
  }
}

function parse(body: Buffer): unknown {
  try {
    return parseJson(body.toString('utf8'))
  } catch {
    throw new FrameError('A frame is not JSON')
  }
}
