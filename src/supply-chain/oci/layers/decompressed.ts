// Decompresses a layer or an archive while it streams by. What it is compressed with is told by its first bytes, as containerd does.
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import * as zlib from 'node:zlib'
import { messageOf, UserError } from '../../../base/user-error.ts'

export type Compression = 'none' | 'gzip' | 'zstd'

/** Below this size, no ratio is refused: a file of zeros may well be in an image. */
export const freeUnpackedBytes = 256 * 1024 ** 2
/** Bytes unpacked for one byte read. gzip reaches 1,032, zstd more than 10,000; programs and texts 2 to 20. */
export const maxRatio = 200

const chunkSize = 256 * 1024

/** By the first four bytes. Throws a UserError for what no runtime unpacks. */
export function compressionOf(head: Uint8Array, where: string): Compression {
  const bytes = Buffer.from(head.buffer, head.byteOffset, head.byteLength)
  if (bytes.length >= 2 && bytes.readUInt16BE(0) === 0x1f8b) return 'gzip'
  if (bytes.length >= 4) {
    const magic = bytes.readUInt32LE(0)
    // A frame, or one that readers skip (RFC 8878, 3.1).
    if (magic === 0xfd2fb528 || (magic >= 0x184d2a50 && magic <= 0x184d2a5f)) return 'zstd'
  }
  if (bytes.subarray(0, 3).toString('latin1') === 'BZh' || bytes.subarray(0, 4).toString('latin1') === '\xfd7zX')
    throw new UserError(`${where} is compressed with bzip2 or xz: gzip, zstd and none are read`)
  return 'none'
}

/**
 * The content without its compression. `where` begins each message. Rejects with a UserError if the compression is unknown or damaged, or if more than
 * `maxBytes` come out, or too many for what went in.
 */
export async function* decompressed(source: AsyncIterable<Uint8Array>, maxBytes: number, where: string): AsyncGenerator<Uint8Array> {
  const pieces = source[Symbol.asyncIterator]()
  let read = 0
  async function* rest(first: IteratorResult<Uint8Array>): AsyncGenerator<Uint8Array> {
    try {
      for (let next = first; next.done !== true; next = await pieces.next()) {
        read += next.value.length
        yield next.value
      }
    } finally {
      await pieces.return?.()
    }
  }
  let first = await pieces.next()
  // The first piece may be short: the first bytes decide.
  while (first.done !== true && first.value.length < 4) {
    const { value, done } = await pieces.next()
    if (done === true) break
    first = { done: false, value: Buffer.concat([first.value, value]) }
  }
  const compression = first.done === true ? 'none' : compressionOf(first.value, where)
  let unpacked = 0
  for await (const piece of inflated(rest(first), compression, where)) {
    unpacked += piece.length
    if (unpacked > maxBytes) throw new UserError(`${where} is larger than ${maxBytes} bytes when it is unpacked`)
    if (unpacked > freeUnpackedBytes && unpacked > read * maxRatio)
      throw new UserError(`${where} unpacks to more than ${maxRatio} times its size: it may be made to fill disks`)
    yield piece
  }
}

async function* inflated(source: AsyncIterable<Uint8Array>, compression: Compression, where: string): AsyncGenerator<Uint8Array> {
  if (compression === 'none') {
    yield* source
    return
  }
  const unpacker = compression === 'gzip' ? zlib.createGunzip({ chunkSize }) : zstdUnpacker(where)
  // An error of the source destroys the unpacker with it, so that the loop below throws it.
  const piped = pipeline(Readable.from(source, { objectMode: true, highWaterMark: 2 }), unpacker).then(
    () => undefined,
    (err: unknown) => err,
  )
  try {
    for await (const piece of unpacker) yield piece
  } catch (err) {
    if (err instanceof UserError) throw err
    throw new UserError(`${where} is damaged: ${messageOf(err)}`, { cause: err })
  } finally {
    unpacker.destroy()
    await piped
  }
}

function zstdUnpacker(where: string): zlib.ZstdDecompress {
  if (typeof zlib.createZstdDecompress !== 'function')
    throw new UserError(`${where} is compressed with zstd, which Node ${process.version} cannot unpack: use Node 22.15 or newer`)
  // Memory for the window: encoders use at most 8 MiB unless they are asked for more (RFC 8878, 3.1.1.1.2).
  return zlib.createZstdDecompress({ chunkSize, params: { [zlib.constants.ZSTD_d_windowLogMax]: 27 } })
}
