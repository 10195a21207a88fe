// Numbers in texts, as Go's `strconv.ParseInt(text, 10, 64)` reads them and complains.
import { goQuote } from '../go-quote.ts'

/** The number as Go prints it; the text must be one that `parseInt64` reads. */
export function int64Text(text: string): string {
  return String(BigInt(text.replace('+', '')))
}

/** The number, or Go's complaint; large numbers lose precision. */
export function parseInt64(text: string): number | string {
  const fail = (reason: string): string => `strconv.ParseInt: parsing ${goQuote(text)}: ${reason}`
  if (!/^[-+]?\d+$/.test(text)) return fail('invalid syntax')
  const number = BigInt(text.replace('+', ''))
  return BigInt.asIntN(64, number) === number ? Number(number) : fail('value out of range')
}
