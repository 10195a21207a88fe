// The formats that upstream checks in schemas of custom resources; all others have no effect.

import { parseCidr, parseIp } from '../../addresses/ip-address.ts'
import { parseSpelledDuration } from '../../cel/kubernetes/spelled-duration.ts'
import { uriProblem } from '../../go-text/go-url.ts'
import { base64, isDate, isDateTime } from '../../text-formats.ts'
import { isEmailAddress } from './email-address.ts'

const pattern =
  (expression: RegExp) =>
  (text: string): boolean =>
    expression.test(text)

const uuid = (third: string, fourth: string) =>
  pattern(new RegExp(`^[0-9a-f]{8}-?[0-9a-f]{4}-?${third}[0-9a-f]{3}-?${fourth}[0-9a-f]{3}-?[0-9a-f]{12}$`, 'i'))
const [hexadecimal, variant] = ['[0-9a-f]', '[89ab]']

/** A name without dots may have one dash, after the first character. */
const lonelyLabel = /^[a-z0-9\p{S}\p{L}]-?[a-z0-9\p{S}\p{L}]{0,62}$/iu
const hostLabel = /^[a-z0-9\p{S}\p{L}]([a-z0-9\p{S}\p{L}-]{0,61}[a-z0-9\p{S}\p{L}])?$/iu
const lastLabel = /^[a-z\p{L}]{2,63}$/iu

function isHostname(text: string): boolean {
  if (Buffer.byteLength(text) > 255) return false
  const labels = text.split('.')
  if (labels.some(label => Buffer.byteLength(label) > 63)) return false
  const last = labels.pop() ?? ''
  return labels.length === 0 ? lonelyLabel.test(last) : labels.every(label => hostLabel.test(label)) && lastLabel.test(last)
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
  const digits = text.replace(/[\t\n\f\r -]/g, '')
  if (length === 13) {
    if (!/^\d{13}$/.test(digits)) return false
    return [...digits].reduce((sum, digit, place) => sum + Number(digit) * (place % 2 === 0 ? 1 : 3), 0) % 10 === 0
  }
  if (!/^\d{9}[\dX]$/.test(digits)) return false
  return [...digits].reduce((sum, digit, place) => sum + (digit === 'X' ? 10 : Number(digit)) * (10 - place), 0) % 11 === 0
}

const part = '[\\t\\n\\f\\r ]*(?:25[0-5]|2[0-4]\\d|1\\d\\d|[1-9]?\\d)[\\t\\n\\f\\r ]*'

/** By name without dashes. */
export const formats: ReadonlyMap<string, (text: string) => boolean> = new Map([
  ['bsonobjectid', pattern(/^[0-9a-f]{24}$/i)],
  ['uri', (text: string) => uriProblem(text) === undefined],
  ['email', isEmailAddress],
  ['hostname', isHostname],
  ['ipv4', (text: string) => text.includes('.') && parseIp(text) !== undefined],
  ['ipv6', (text: string) => text.includes(':') && parseIp(text) !== undefined],
  ['cidr', (text: string) => parseCidr(text) !== undefined],
  [
    'mac',
    pattern(
      /^(?:[0-9a-f]{2}([:-])(?:[0-9a-f]{2}\1){4}(?:(?:[0-9a-f]{2}\1){2}|(?:[0-9a-f]{2}\1){14})?[0-9a-f]{2}|(?:[0-9a-f]{4}\.){2}(?:[0-9a-f]{4}\.|(?:[0-9a-f]{4}\.){7})?[0-9a-f]{4})$/i,
    ),
  ],
  ['uuid', uuid(hexadecimal, hexadecimal)],
  ['uuid3', uuid('3', hexadecimal)],
  ['uuid4', uuid('4', variant)],
  ['uuid5', uuid('5', variant)],
  ['isbn', (text: string) => isIsbn(text, 10) || isIsbn(text, 13)],
  ['isbn10', (text: string) => isIsbn(text, 10)],
  ['isbn13', (text: string) => isIsbn(text, 13)],
  ['creditcard', isCreditCard],
  ['ssn', pattern(/^\d{3}[- ]\d{2}[- ]\d{4}$/)],
  ['hexcolor', pattern(/^#?([0-9a-f]{3}|[0-9a-f]{6})$/i)],
  ['rgbcolor', pattern(new RegExp(`^rgb\\(${part},${part},${part}\\)$`))],
  ['byte', pattern(base64)],
  ['password', () => true],
  ['date', isDate],
  ['duration', (text: string) => parseSpelledDuration(text) !== undefined],
  ['datetime', isDateTime],
])
