// Values as Go's encoding/json and fmt write them, where a client reads such a text.
import { byBytes, isRecord } from './compile.ts'

/** JSON that is safe inside of HTML; members stand as they are. */
export function goJson(value: unknown): string {
  return JSON.stringify(value).replace(/[<>&\u2028\u2029]/g, found => `\\u${found.charCodeAt(0).toString(16).padStart(4, '0')}`)
}

/** JSON of a value without a type, whose members Go sorts by name, also those that JavaScript would order as numbers. */
export function goMapJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(goMapJson).join(',')}]`
  if (!isRecord(value)) return goJson(value)
  const members = Object.keys(value).sort(byBytes)
  return `{${members.map(name => `${goJson(name)}:${goMapJson(value[name])}`).join(',')}}`
}

/** Whether a number of JSON is an integer to Go, as one without a fraction is once it was stored. */
export const isInt64 = (value: number): boolean => Number.isInteger(value) && Math.abs(value) < 2 ** 63

/** A number by `%v`: an integer has all of its digits, others have an exponent of two digits from 1e6 up and below 1e-4. */
export const goNumber = (value: number): string =>
  Number.isSafeInteger(value) ? String(value) : isInt64(value) ? String(BigInt(value)) : goFloat(value)

/** A number that Go holds as float64, by `%v`. */
export function goFloat(value: number): string {
  const text = value.toExponential()
  const exponent = Number(text.slice(text.indexOf('e') + 1))
  if (exponent >= -4 && exponent < 6) return String(value)
  return text.replace(/e([+-])(\d)$/, 'e$10$2')
}
