// A cursor over the bytes of canonical JSON (as `JSON.stringify` writes it, without white space).

export const quote = 0x22
export const comma = 0x2c
export const point = 0x2e
export const backslash = 0x5c
export const [openBracket, closeBracket, openBrace, closeBrace] = [0x5b, 0x5d, 0x7b, 0x7d] as const
/** First bytes of null and true. */
export const [letterN, letterT] = [0x6e, 0x74] as const
const zero = 0x30

export class JsonCursor {
  readonly json: Buffer
  /** The next offset to read. */
  at = 0

  constructor(json: Buffer) {
    this.json = json
  }

  expect(byte: number): void {
    if (this.json[this.at] !== byte) throw this.fault()
    this.at++
  }

  /** Skips the value that begins here. */
  skip(): void {
    const { json } = this
    const first = json[this.at]
    if (first === quote) {
      this.at = this.stringEnd(this.at)
      return
    }
    let { at } = this
    if (first !== openBrace && first !== openBracket) {
      for (; ; at++) {
        const byte = json[at]
        if (byte === undefined || byte === comma || byte === closeBrace || byte === closeBracket) break
      }
      this.at = at
      return
    }
    let depth = 0
    for (; ; at++) {
      const byte = json[at]
      if (byte === quote) at = this.stringEnd(at) - 1
      else if (byte === openBrace || byte === openBracket) depth++
      else if ((byte === closeBrace || byte === closeBracket) && --depth === 0) break
      else if (byte === undefined) throw this.fault()
    }
    this.at = at + 1
  }

  /** The offset behind the string that begins at `at`. */
  stringEnd(at: number): number {
    const { json } = this
    for (let end = at + 1; ; end++) {
      const byte = json[end]
      if (byte === quote) return end + 1
      if (byte === backslash) end++
      else if (byte === undefined) throw this.fault()
    }
  }

  number(): number {
    const { json, at: start } = this
    let at = start
    let value = 0
    for (; ; at++) {
      const digit = (json[at] ?? 0) - zero
      if (digit < 0 || digit > 9) break
      value = value * 10 + digit
    }
    const byte = json[at]
    this.at = at
    if (at > start && (byte === comma || byte === closeBrace || byte === closeBracket)) return value
    // Negative numbers and fractions.
    this.skip()
    const number = Number(json.toString('latin1', start, this.at))
    if (Number.isNaN(number)) throw this.fault()
    return number
  }

  /** Reads `count` digits at `at`. */
  digits(at: number, count: number): number {
    let value = 0
    for (let i = at; i < at + count; i++) value = value * 10 + ((this.json[i] ?? 0) - zero)
    return value
  }

  /** The string that begins here; it must be Latin-1 without escapes. */
  plainText(): string {
    const start = this.at + 1
    this.skip()
    return this.json.toString('latin1', start, this.at - 1)
  }

  /** The JSON is written by this server, so this is a bug of the server. */
  fault(): Error {
    return new Error(`The value is no canonical JSON of its kind at byte ${this.at} of ${this.json.length}`)
  }
}
