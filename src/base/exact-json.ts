// JSON whose integers may be 64 bits long, as Go's: one beyond ±2^53 is a bigint in memory, and writeJson() writes its digits.
import { parseJson, readsEscapedNames, withoutFault } from './json.ts'

/** The third argument of a reviver, which TypeScript does not declare yet. */
interface SourceReader {
  parse(text: string, reviver: (name: string, value: unknown, context: { readonly source?: string }) => unknown): unknown
}
const engine = JSON as unknown as SourceReader

/** As parseJson, but an integer beyond ±2^53 and within 64 bits is a bigint. One beyond 64 bits is the nearest number, as in Go. */
export function parseExactJson(text: string, isLong = hasLongNumber(text)): unknown {
  return isLong ? parseWithBigints(text) : parseJson(text)
}

/** Whether 16 digits follow each other, as in every integer beyond ±2^53. Looks at each sixteenth character: bodies without such pay nothing. */
export function hasLongNumber(text: string): boolean {
  for (let at = longRun - 1; at < text.length; at += longRun) {
    if (!isDigit(text.charCodeAt(at))) continue
    let from = at
    while (from > 0 && isDigit(text.charCodeAt(from - 1))) from--
    let to = at + 1
    while (isDigit(text.charCodeAt(to))) to++
    if (to - from >= longRun) return true
  }
  return false
}

/** Whether a number is beyond the range of 64-bit floats: JSON.parse() reads it as infinite. */
export function holdsInfinity(value: unknown): boolean {
  if (typeof value === 'number') return !Number.isFinite(value)
  return typeof value === 'object' && value !== null && Object.values(value).some(holdsInfinity)
}

const longRun = 16
const isDigit = (code: number): boolean => code >= 0x30 && code <= 0x39

const revive = (text: string): unknown =>
  engine.parse(text, (_name, value, { source }) => (typeof value === 'number' && source !== undefined ? integerOf(value, source) : value))

const parseWithBigints = readsEscapedNames(revive) ? revive : withoutFault(revive)

/** The value of a number's text, which is JSON's or YAML's in base 10. */
export function integerOf(value: number, text: string): number | bigint {
  if (!Number.isInteger(value) || Number.isSafeInteger(value) || !/^[-+]?\d+$/.test(text)) return value
  const exact = BigInt(text.replace(/^\+/, ''))
  return BigInt.asIntN(64, exact) === exact ? exact : value
}
