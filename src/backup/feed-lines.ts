// The whole lines of a stream of bytes.
import { splitLines } from '../base/files/read-lines.ts'

/** An object of the largest size, with the rest of its line. */
export const maxLineBytes = 4 * 1024 * 1024

const lineFeed = 0x0a

/**
 * Yields the whole lines of each piece that arrives, without their line feeds; what follows the last one is not a line. Throws for a line of
 * more than `maxLineBytes`.
 */
export async function* feedLines(pieces: AsyncIterable<Buffer>): AsyncGenerator<readonly Buffer[]> {
  const tooLong = () => new Error(`A line of more than ${maxLineBytes} bytes came`)
  for await (const lines of splitLines(pieces, maxLineBytes, tooLong)) {
    const whole = lines.filter(line => line.at(-1) === lineFeed).map(line => line.subarray(0, -1))
    if (whole.length > 0) yield whole
  }
}
