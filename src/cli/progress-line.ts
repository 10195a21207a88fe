// What a long command is doing, and for how long: one line that is written over on a terminal, lines from time to time elsewhere.

export interface ProgressOptions {
  write(text: string): void
  readonly isTerminal: boolean
  /** Of the terminal. */
  readonly columns: number
  /** Milliseconds of a clock that nobody sets. */
  now(): number
}

const terminalMs = 100
/** Elsewhere a line is kept, as in a log. */
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

  /** `text` is one line. What comes too soon behind the last is left out, unless a step begins with it (`isStep`). */
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

  /** Shows how long what was shown last takes; to be called each second or so. */
  tick(): void {
    if (this.#text !== '') this.show(this.#text)
  }

  /** The line goes: what comes next is the result. */
  end(): void {
    if (this.#isOpen) this.#options.write(clearLine)
    this.#isOpen = false
  }
}
