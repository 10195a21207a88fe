// Parses integers as Go's `strconv.ParseInt(text, 10, 64)`, with its errors.
import { goQuote } from './go-quote.ts'

/** The number as Go prints it; the text must be one that `parseInt64` reads. */
export function int64Text(text: string): string {
  return String(BigInt(text.replace('+', '')))
}

const isInteger = (text: string): boolean => /^[-+]?\d+$/.test(text)

/** Undefined for any other text. */
export function int64Of(text: string): bigint | undefined {
  if (!isInteger(text)) return undefined
  const number = BigInt(text.replace('+', ''))
  return BigInt.asIntN(64, number) === number ? number : undefined
}

/** The number, or Go's error; large numbers lose precision. */
export function parseInt64(text: string): number | string {
  const number = int64Of(text)
  if (number !== undefined) return Number(number)
  return `strconv.ParseInt: parsing ${goQuote(text)}: ${isInteger(text) ? 'value out of range' : 'invalid syntax'}`
}
