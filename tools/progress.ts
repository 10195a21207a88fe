// How far a long command is: a line that rewrites itself on a terminal, plain lines elsewhere.

export interface Progress {
  /** What is under way now. */
  show(text: string): void
  /** What stays to be read. */
  done(text: string): void
  /** Takes the line away. */
  end(): void
}

type Output = Pick<NodeJS.WriteStream, 'isTTY' | 'columns'> & { write(text: string): unknown }

export function createProgress(stream: Output = process.stdout): Progress {
  const began = performance.now()
  const seconds = () => `${((performance.now() - began) / 1000).toFixed(0)} s`
  const clear = () => {
    if (stream.isTTY) stream.write('\r\u001b[K')
  }
  let shown = ''
  return {
    show(text) {
      clear()
      if (stream.isTTY) stream.write(`${text} (${seconds()})`.slice(0, Math.max((stream.columns ?? 80) - 1, 20)))
      // Whoever reads a log wants each step once.
      else if (text !== shown) stream.write(`${text} (${seconds()})\n`)
      shown = text
    },
    done(text) {
      clear()
      stream.write(`${text}\n`)
    },
    end: clear,
  }
}
