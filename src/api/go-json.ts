// Values as Go's encoding/json and fmt write them, where a client reads such a text.
import { isRecord } from './schema/compile.ts'

/** JSON that is safe inside of HTML; members stand as they are. */
export function goJson(value: unknown): string {
  return JSON.stringify(value).replace(/[<>&\u2028\u2029]/g, found => `\\u${found.charCodeAt(0).toString(16).padStart(4, '0')}`)
}

/** JSON of a value without a type, whose members Go sorts by name. */
export const goMapJson = (value: unknown): string => goJson(sorted(value))

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted)
  if (!isRecord(value)) return value
  const entries = Object.entries(value).map(([name, member]): [string, unknown] => [name, sorted(member)])
  return Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : 1)))
}

/** A number by `%v`: from 1e-4 down with an exponent of two digits. */
export function goNumber(value: number): string {
  const text = value !== 0 && Math.abs(value) < 1e-4 ? value.toExponential() : String(value)
  return text.replace(/e([+-])(\d)$/, 'e$10$2')
}
