// How far a long command is: a line that rewrites itself on a terminal, plain lines elsewhere.

export interface Progress {
  /** The current step. */
  show(text: string): void
  /** Text that stays. */
  done(text: string): void
  /** Removes the line. */
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
      // A log needs each step once.
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
