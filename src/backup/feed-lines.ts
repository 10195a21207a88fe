// Splits a stream of bytes into lines.

/** An object of the largest size, with the rest of its line. */
export const maxLineBytes = 4 * 1024 * 1024

/** Yields the whole lines of each piece that arrives, without their line feeds. Throws for a line of more than `maxLineBytes`. */
export async function* feedLines(pieces: AsyncIterable<Buffer>): AsyncGenerator<readonly Buffer[]> {
  let held: Buffer[] = []
  let heldBytes = 0
  for await (const piece of pieces) {
    const lines: Buffer[] = []
    let from = 0
    for (let end = piece.indexOf(0x0a); end >= 0; end = piece.indexOf(0x0a, from)) {
      const rest = piece.subarray(from, end)
      lines.push(held.length === 0 ? rest : Buffer.concat([...held, rest]))
      held = []
      heldBytes = 0
      from = end + 1
    }
    if (from < piece.length) {
      held.push(piece.subarray(from))
      heldBytes += piece.length - from
      if (heldBytes > maxLineBytes) throw new Error(`A line of more than ${maxLineBytes} bytes came`)
    }
    if (lines.length > 0) yield lines
  }
}
