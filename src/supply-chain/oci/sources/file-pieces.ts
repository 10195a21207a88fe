// The bytes of an open file, piece by piece. Node's own streams close the file when a reader stops early, whatever they are told.
import type { FileHandle } from 'node:fs/promises'

const pieceBytes = 256 * 1024

/** Ends at `end`, which the file may not reach. */
export async function* filePieces(handle: FileHandle, start: number, end: number, signal?: AbortSignal): AsyncGenerator<Buffer> {
  for (let at = start; at < end; ) {
    signal?.throwIfAborted()
    // A new one for each: the reader keeps a part of it.
    const piece = Buffer.allocUnsafeSlow(Math.min(pieceBytes, end - at))
    const { bytesRead } = await handle.read(piece, 0, piece.length, at)
    if (bytesRead === 0) return
    at += bytesRead
    yield piece.subarray(0, bytesRead)
  }
}
