// SPDY/3.1 frames for a client of a container runtime: https://www.chromium.org/spdy/spdy-protocol/spdy-protocol-draft3-1/

/** A frame of the peer. Header blocks are not decompressed: a remotecommand client does not need them, and this avoids decompression bombs. */
export type SpdyFrame =
  | { readonly type: 'data'; readonly stream: number; readonly fin: boolean; readonly data: Buffer }
  | { readonly type: 'reply' | 'headers'; readonly stream: number; readonly fin: boolean }
  | { readonly type: 'reset'; readonly stream: number; readonly code: number }
  | { readonly type: 'ping'; readonly id: number }
  | { readonly type: 'goaway' }
  | { readonly type: 'other' }

/** Limit of a frame in bytes: runtimes copy in pieces of 32 KiB. */
const maxFrameBytes = 1 << 18

const controlTypes = { synStream: 1, synReply: 2, reset: 3, ping: 6, goaway: 7, headers: 8 } as const

/** Splits a byte stream into frames. `push` throws an Error for anything but SPDY/3; the connection is unusable then. */
export class SpdyReader {
  #chunks: Buffer[] = []
  #length = 0

  push(chunk: Buffer): SpdyFrame[] {
    this.#chunks.push(chunk)
    this.#length += chunk.length
    const frames: SpdyFrame[] = []
    // Joins pieces only when the frame is complete, so that small pieces do not cause quadratic copying.
    while (this.#length >= 8) {
      if ((this.#chunks[0]?.length ?? 0) < 8) this.#join()
      const first = this.#chunks[0] ?? Buffer.alloc(8)
      const size = first.readUIntBE(5, 3)
      if (size > maxFrameBytes) throw new Error(`SPDY frame of ${size} bytes is too long`)
      if (this.#length < 8 + size) break
      if (first.length < 8 + size) this.#join()
      const whole = this.#chunks[0] ?? first
      frames.push(parseFrame(whole.subarray(0, 8 + size)))
      this.#chunks[0] = whole.subarray(8 + size)
      if (this.#chunks[0].length === 0) this.#chunks.shift()
      this.#length -= 8 + size
    }
    return frames
  }

  #join(): void {
    this.#chunks = [Buffer.concat(this.#chunks)]
  }
}

function parseFrame(frame: Buffer): SpdyFrame {
  const fin = ((frame[4] ?? 0) & 1) === 1
  const head = frame.readUInt32BE(0)
  if (head < 0x8000_0000) return { type: 'data', stream: head, fin, data: frame.subarray(8) }
  const version = frame.readUInt16BE(0) & 0x7fff
  if (version !== 3) throw new Error(`SPDY version ${version} is not supported`)
  const type = frame.readUInt16BE(2)
  const word = (at: number) => {
    if (frame.length < at + 4) throw new Error(`SPDY control frame ${type} is too short`)
    return frame.readUInt32BE(at)
  }
  switch (type) {
    case controlTypes.synReply:
      return { type: 'reply', stream: word(8) & 0x7fff_ffff, fin }
    case controlTypes.headers:
      return { type: 'headers', stream: word(8) & 0x7fff_ffff, fin }
    case controlTypes.reset:
      return { type: 'reset', stream: word(8) & 0x7fff_ffff, code: word(12) }
    case controlTypes.ping:
      return { type: 'ping', id: word(8) }
    case controlTypes.goaway:
      return { type: 'goaway' }
    default:
      // SETTINGS and WINDOW_UPDATE are ignored: the runtime's library has no windows, so the transport's back-pressure applies.
      return { type: 'other' }
  }
}

function control(type: number, flags: number, payload: Buffer): Buffer {
  const head = Buffer.alloc(8)
  head.writeUInt16BE(0x8003, 0)
  head.writeUInt16BE(type, 2)
  head[4] = flags
  head.writeUIntBE(payload.length, 5, 3)
  return Buffer.concat([head, payload])
}

function words(...values: number[]): Buffer {
  const out = Buffer.alloc(values.length * 4)
  values.forEach((value, i) => {
    out.writeUInt32BE(value, i * 4)
  })
  return out
}

/**
 * A SYN_STREAM. Its header block is a zlib stream of stored blocks, one stream for the whole connection: `first` begins it. Names must be in
 * lower case. An empty stored block follows, as after a sync flush, because readers output nothing before it.
 */
export function synStream(stream: number, headers: Readonly<Record<string, string>>, first: boolean): Buffer {
  const entries = Object.entries(headers)
  const text = Buffer.concat([
    words(entries.length),
    ...entries.flat().flatMap(part => [words(Buffer.byteLength(part)), Buffer.from(part)]),
  ])
  if (text.length > 2048) throw new Error('SPDY headers are too long')
  const stored = Buffer.alloc(5)
  stored.writeUInt16LE(text.length, 1)
  stored.writeUInt16LE(~text.length & 0xffff, 3)
  const flush = Buffer.from([0, 0, 0, 0xff, 0xff])
  const begin = first ? Buffer.from([0x78, 0x01]) : Buffer.alloc(0)
  return control(controlTypes.synStream, 0, Buffer.concat([words(stream, 0), Buffer.alloc(2), begin, stored, text, flush]))
}

export const ping = (id: number): Buffer => control(controlTypes.ping, 0, words(id))

/** `data` has at most 16 MiB - 1. */
export function dataFrame(stream: number, data: Buffer, fin: boolean): Buffer {
  const head = words(stream, data.length)
  head[4] = fin ? 1 : 0
  return Buffer.concat([head, data])
}
