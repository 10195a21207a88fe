// The formats that upstream checks in schemas of custom resources; all others say nothing.
import { parseSpelledDuration } from '../cel/kubernetes/spelled-duration.ts'
import { parseTime } from '../schema/go-time.ts'
import { parseCidr, parseIp } from '../validation/ip-address.ts'

const pattern =
  (expression: RegExp) =>
  (text: string): boolean =>
    expression.test(text)

const uuid = (version: string) => pattern(new RegExp(`^[0-9a-f]{8}-?[0-9a-f]{4}-?${version}[0-9a-f]{3}-?[0-9a-f]{4}-?[0-9a-f]{12}$`, 'i'))
const isIpv4 = (text: string): boolean => !text.includes(':') && parseIp(text) !== undefined
const hostLabel = /^[\p{L}\p{N}_]([\p{L}\p{N}_-]{0,61}[\p{L}\p{N}_])?$/u

function isUri(text: string): boolean {
  // As Go reads the target of a request: absolute, or a path from the root.
  if (/[\s\p{Cc}]/u.test(text)) return false
  return text.startsWith('/') || /^[a-z][a-z0-9+.-]*:[^\s]/i.test(text)
}

function isHostname(text: string): boolean {
  const name = text.endsWith('.') ? text.slice(0, -1) : text
  return name !== '' && Buffer.byteLength(name) <= 255 && name.split('.').every(label => hostLabel.test(label))
}

function isDate(text: string): boolean {
  if (!/^\d{4}-\d\d-\d\d$/.test(text)) return false
  const time = Date.parse(`${text}T00:00:00Z`)
  return !Number.isNaN(time) && new Date(time).toISOString().startsWith(text)
}

function isBase64(text: string): boolean {
  return text.length % 4 === 0 && /^[A-Za-z0-9+/]*={0,2}$/.test(text)
}

function isCreditCard(text: string): boolean {
  const digits = text.replace(/[^0-9]+/g, '')
  if (!/^(4\d{12}(\d{3})?|5[1-5]\d{14}|6(011|5\d\d)\d{12}|3[47]\d{13}|3(0[0-5]|[68]\d)\d{11}|(2131|1800|35\d{3})\d{11})$/.test(digits))
    return false
  let sum = 0
  for (let place = 0; place < digits.length; place++) {
    const digit = Number(digits.at(-1 - place))
    const doubled = digit * 2
    sum += place % 2 === 0 ? digit : doubled > 9 ? doubled - 9 : doubled
  }
  return sum % 10 === 0
}

function isIsbn(text: string, length: 10 | 13): boolean {
  const digits = text.replace(/[\s-]/g, '')
  if (length === 13) {
    if (!/^\d{13}$/.test(digits)) return false
    return [...digits].reduce((sum, digit, place) => sum + Number(digit) * (place % 2 === 0 ? 1 : 3), 0) % 10 === 0
  }
  if (!/^\d{9}[\dX]$/.test(digits)) return false
  return [...digits].reduce((sum, digit, place) => sum + (digit === 'X' ? 10 : Number(digit)) * (10 - place), 0) % 11 === 0
}

const byte = '(25[0-5]|2[0-4]\\d|1\\d\\d|\\d\\d?)'

/** By name without dashes. */
export const formats: ReadonlyMap<string, (text: string) => boolean> = new Map([
  ['bsonobjectid', pattern(/^[0-9a-f]{24}$/i)],
  ['uri', isUri],
  ['email', pattern(/^([^<>]*<[^\s@<>]+@[^\s@<>]+>|[^\s@<>]+@[^\s@<>]+)$/)],
  ['hostname', isHostname],
  ['ipv4', isIpv4],
  ['ipv6', (text: string) => text.includes(':') && parseIp(text) !== undefined],
  ['cidr', (text: string) => parseCidr(text) !== undefined],
  [
    'mac',
    pattern(
      /^(([0-9a-f]{2}:){5}([0-9a-f]{2}:[0-9a-f]{2}:)?[0-9a-f]{2}|([0-9a-f]{2}-){5}([0-9a-f]{2}-[0-9a-f]{2}-)?[0-9a-f]{2}|([0-9a-f]{4}\.){2,3}[0-9a-f]{4})$/i,
    ),
  ],
  ['uuid', uuid('[0-9a-f]')],
  ['uuid3', uuid('3')],
  ['uuid4', uuid('4')],
  ['uuid5', uuid('5')],
  ['isbn', (text: string) => isIsbn(text, 10) || isIsbn(text, 13)],
  ['isbn10', (text: string) => isIsbn(text, 10)],
  ['isbn13', (text: string) => isIsbn(text, 13)],
  ['creditcard', isCreditCard],
  ['ssn', pattern(/^\d{3}[- ]?\d{2}[- ]?\d{4}$/)],
  ['hexcolor', pattern(/^#?([0-9a-f]{3}|[0-9a-f]{6})$/i)],
  ['rgbcolor', pattern(new RegExp(`^rgb\\(\\s*${byte}\\s*,\\s*${byte}\\s*,\\s*${byte}\\s*\\)$`))],
  ['byte', isBase64],
  ['password', () => true],
  ['date', isDate],
  ['duration', (text: string) => parseSpelledDuration(text) !== undefined],
  ['datetime', (text: string) => parseTime(text).ok],
])
