// Shows what a long command is doing and for how long: one line that is rewritten on a terminal, a line from time to time elsewhere.

export interface ProgressOptions {
  write(text: string): void
  readonly isTerminal: boolean
  /** Width of the terminal. */
  readonly columns: number
  /** Milliseconds of a monotonic clock. */
  now(): number
}

const terminalMs = 100
/** Without a terminal, lines stay, as in a log. */
const lineMs = 10_000
const clearLine = '\r\u001b[K'

export class ProgressLine {
  readonly #options: ProgressOptions
  readonly #began: number
  #shownAt = Number.NEGATIVE_INFINITY
  #isOpen = false
  #text = ''

  constructor(options: ProgressOptions) {
    this.#options = options
    this.#began = options.now()
  }

  /** `text` is one line. Lines that come too soon after the last one are dropped, unless a step begins (`isStep`). */
  show(text: string, isStep = false): void {
    this.#text = text
    const { write, isTerminal, columns, now } = this.#options
    const at = now()
    if (!isStep && at - this.#shownAt < (isTerminal ? terminalMs : lineMs)) return
    this.#shownAt = at
    const line = `${text}, ${Math.floor((at - this.#began) / 1000)} s`
    this.#isOpen = isTerminal
    write(isTerminal ? `${clearLine}${line.slice(0, columns - 1)}` : `${line}\n`)
  }

  /** Shows how long the current step takes; call it about every second. */
  tick(): void {
    if (this.#text !== '') this.show(this.#text)
  }

  /** Clears the line: the result comes next. */
  end(): void {
    if (this.#isOpen) this.#options.write(clearLine)
    this.#isOpen = false
  }
}
