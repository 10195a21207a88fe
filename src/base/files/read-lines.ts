// Reads a file line by line in bounded memory.
import { createReadStream } from 'node:fs'

const chunkBytes = 1 << 20
const lineEnd = 0x0a

export class LineTooLong extends Error {
  constructor(path: string, maxBytes: number) {
    super(`"${path}" has a line with more than ${maxBytes} bytes`)
    this.name = 'LineTooLong'
  }
}

/**
 * Yields the lines of each chunk, every one with its line end; what follows the last line end comes last. The buffers are valid until the
 * next step. Throws `LineTooLong`.
 */
export function readLines(path: string, maxLineBytes: number): AsyncGenerator<readonly Buffer[]> {
  const chunks = createReadStream(path, { highWaterMark: chunkBytes }) as AsyncIterable<Buffer>
  return splitLines(chunks, maxLineBytes, () => new LineTooLong(path, maxLineBytes))
}

/** The same for chunks from anywhere. Throws what `tooLong` returns for a line with more bytes, its line end included. */
export async function* splitLines(
  chunks: AsyncIterable<Buffer>,
  maxLineBytes: number,
  tooLong: () => Error,
): AsyncGenerator<readonly Buffer[]> {
  let rest: Buffer[] = []
  let restBytes = 0
  for await (const chunk of chunks) {
    const lines: Buffer[] = []
    let from = 0
    for (let end = chunk.indexOf(lineEnd); end >= 0; end = chunk.indexOf(lineEnd, from)) {
      const line = chunk.subarray(from, end + 1)
      lines.push(rest.length === 0 ? line : Buffer.concat([...rest, line]))
      rest = []
      restBytes = 0
      from = end + 1
    }
    if (from < chunk.length) {
      rest.push(chunk.subarray(from))
      restBytes += chunk.length - from
    }
    if (restBytes > maxLineBytes || lines.some(({ length }) => length > maxLineBytes)) throw tooLong()
    if (lines.length > 0) yield lines
  }
  if (rest.length > 0) yield [Buffer.concat(rest)]
}
