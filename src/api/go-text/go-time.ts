// Times as Go's time.Parse reads them for metav1.Time and metav1.MicroTime, with its error messages.

const rfc3339 = '2006-01-02T15:04:05Z07:00'
const rfc3339Micro = '2006-01-02T15:04:05.000000Z07:00'
const plain = /^(\d{4})-(\d\d)-(\d\d)T([01]\d|2[0-3]):([0-5]\d):([0-5]\d)Z$/

/** The canonical text, or the error. `text` is null for Go's zero time, which is printed as `null`. */
export type ParsedTime = { readonly ok: true; readonly text: string | null } | { readonly ok: false; readonly message: string }

/** RFC 3339 with seconds, in UTC; fractions are truncated, as upstream prints it. */
export function parseTime(value: string): ParsedTime {
  const match = plain.exec(value)
  if (match !== null && isDay(Number(match[1]), Number(match[2]), Number(match[3]))) return { ok: true, text: isZero(value) ? null : value }
  return parse(value, false)
}

/** RFC 3339 with exactly six digits of a second, in UTC. */
export function parseMicroTime(value: string): ParsedTime {
  return parse(value, true)
}

class ParseFailure extends Error {}

function parse(value: string, micro: boolean): ParsedTime {
  const layout = micro ? rfc3339Micro : rfc3339
  let rest = value
  const bad = (element: string, at = rest): never => {
    throw new ParseFailure(`parsing time ${quote(value)} as ${quote(layout)}: cannot parse ${quote(at)} as ${quote(element)}`)
  }
  const outOfRange = (what: string): never => {
    throw new ParseFailure(`parsing time ${quote(value)}: ${what} out of range`)
  }
  const literal = (text: string): void => {
    if (!rest.startsWith(text)) bad(text)
    rest = rest.slice(text.length)
  }
  const digits = (element: string, count: number): number => {
    const match = new RegExp(`^\\d{${count}}`).exec(rest)
    if (match === null) return bad(element)
    rest = rest.slice(count)
    return Number(match[0])
  }
  try {
    const year = digits('2006', 4)
    literal('-')
    const month = digits('01', 2)
    if (month < 1 || month > 12) outOfRange('month')
    literal('-')
    const day = digits('02', 2)
    literal('T')
    // One digit suffices, as for Go.
    const hour = digits('15', /^\d\d/.test(rest) ? 2 : 1)
    if (hour > 23) outOfRange('hour')
    literal(':')
    const minute = digits('04', 2)
    if (minute > 59) outOfRange('minute')
    literal(':')
    const second = digits('05', 2)
    if (second > 59) outOfRange('second')
    let fraction = ''
    if (micro) {
      const match = /^[.,](\d{6})/.exec(rest)
      if (match?.[1] === undefined) return bad('.000000')
      fraction = match[1]
      rest = rest.slice(7)
    } else {
      const match = /^[.,]\d+/.exec(rest)
      if (match !== null) rest = rest.slice(match[0].length)
    }
    let offset = 0
    if (rest.startsWith('Z')) rest = rest.slice(1)
    else {
      const match = /^([+-])(\d\d):(\d\d)/.exec(rest)
      if (match === null) return bad('Z07:00')
      if (Number(match[3]) > 60) outOfRange('time zone offset minute')
      if (Number(match[2]) > 24) outOfRange('time zone offset hour')
      offset = (match[1] === '-' ? -1 : 1) * (Number(match[2]) * 60 + Number(match[3]))
      rest = rest.slice(6)
    }
    if (rest !== '') throw new ParseFailure(`parsing time ${quote(value)}: extra text: ${quote(rest)}`)
    if (!isDay(year, month, day)) outOfRange('day')
    const time = new Date(0)
    time.setUTCFullYear(year, month - 1, day)
    time.setUTCHours(hour, minute - offset, second)
    const seconds = time.toISOString().slice(0, -5)
    const text = micro ? `${seconds}.${fraction}Z` : `${seconds}Z`
    return { ok: true, text: isZero(text) ? null : text }
  } catch (err) {
    if (err instanceof ParseFailure) return { ok: false, message: err.message }
    throw err
  }
}

function isZero(text: string): boolean {
  return text.startsWith('0001-01-01T00:00:00') && !/\.\d*[1-9]/.test(text)
}

function isDay(year: number, month: number, day: number): boolean {
  const leap = (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0
  const length = month === 2 ? (leap ? 29 : 28) : [4, 6, 9, 11].includes(month) ? 30 : 31
  return month >= 1 && month <= 12 && day >= 1 && day <= length
}

/** Quotes as Go's package time: bytes that are not printable ASCII are written as \x.. of their UTF-8. */
function quote(text: string): string {
  let out = '"'
  for (const byte of Buffer.from(text)) {
    if (byte === 0x22 || byte === 0x5c) out += `\\${String.fromCharCode(byte)}`
    else if (byte >= 0x80 || byte < 0x20) out += `\\x${byte.toString(16).padStart(2, '0')}`
    else out += String.fromCharCode(byte)
  }
  return `${out}"`
}
