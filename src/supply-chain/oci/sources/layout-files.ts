// What an OCI layout needs of where its files are: a folder, or an archive.

export interface LayoutFile {
  /** Bytes. */
  readonly size: number
  /** The content from its beginning. */
  content(signal: AbortSignal): AsyncIterable<Uint8Array>
}

export interface LayoutFiles extends AsyncDisposable {
  /** For messages, such as `"web.tar"`. */
  readonly name: string
  /** A regular file by its path within the layout; undefined if there is none. */
  file(path: string): Promise<LayoutFile | undefined>
}

/** The content of a small file; undefined if it is missing. Rejects with the reason if it is too large. */
export async function readSmallFile(files: LayoutFiles, path: string, maxBytes: number, signal: AbortSignal): Promise<Buffer | undefined> {
  const file = await files.file(path)
  if (file === undefined) return undefined
  if (file.size > maxBytes) throw new Error(`its ${path} has ${file.size} bytes, at most ${maxBytes} are read`)
  const pieces: Uint8Array[] = []
  let length = 0
  for await (const piece of file.content(signal)) {
    length += piece.length
    // It may grow while it is read.
    if (length > maxBytes) throw new Error(`its ${path} is larger than ${maxBytes} bytes`)
    pieces.push(Uint8Array.from(piece))
  }
  return Buffer.concat(pieces)
}
