// Values in the form of Go's encoding/json and fmt, where clients read such a text.
import { writeJson } from '../../base/write-json.ts'
import { byBytes, isRecord } from './compile.ts'

/** JSON that is safe inside of HTML; members keep their order. */
export function goJson(value: unknown): string {
  return writeJson(value).replace(/[<>&\u2028\u2029]/g, found => `\\u${found.charCodeAt(0).toString(16).padStart(4, '0')}`)
}

/** JSON of an untyped value, whose members Go sorts by name, including those that JavaScript would order as numbers. */
export function goMapJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(goMapJson).join(',')}]`
  if (!isRecord(value)) return goJson(value)
  const members = Object.keys(value).sort(byBytes)
  return `{${members.map(name => `${goJson(name)}:${goMapJson(value[name])}`).join(',')}}`
}

/** Whether a JSON number is an integer to Go; one without a fraction is, once it was stored. */
export const isInt64 = (value: number): boolean => Number.isInteger(value) && Math.abs(value) < 2 ** 63

/** A number by `%v`: an integer with all of its digits, others with a two-digit exponent from 1e6 up and below 1e-4. */
export const goNumber = (value: number): string =>
  Number.isSafeInteger(value) ? String(value) : isInt64(value) ? String(BigInt(value)) : goFloat(value)

/** A Go float64, by `%v`. */
export function goFloat(value: number): string {
  const text = value.toExponential()
  const exponent = Number(text.slice(text.indexOf('e') + 1))
  if (exponent >= -4 && exponent < 6) return String(value)
  return text.replace(/e([+-])(\d)$/, 'e$10$2')
}
