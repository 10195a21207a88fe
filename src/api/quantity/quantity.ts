// Quantities (`500m`, `1Gi`), parsed, compared and printed as by k8s.io/apimachinery's resource.Quantity.

export type QuantityFormat = 'DecimalSI' | 'BinarySI' | 'DecimalExponent'

/** value × 10^scale, exact. `text` is kept if the input is canonical enough for upstream to print it unchanged. */
export interface Quantity {
  readonly value: bigint
  readonly scale: number
  readonly format: QuantityFormat
  readonly text?: string
  /** Parsed as a decimal of any size, since upstream's 64 bits and a power of ten may not fit it. */
  readonly decimal?: true
}

export const quantityFormatMessage = "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"

/** The message is upstream's. */
export class QuantityError extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'QuantityError'
  }
}

const decimalSuffixes = new Map([
  ['n', -9],
  ['u', -6],
  ['m', -3],
  ['', 0],
  ['k', 3],
  ['M', 6],
  ['G', 9],
  ['T', 12],
  ['P', 15],
  ['E', 18],
])
const decimalSuffixOf = new Map([...decimalSuffixes].map(([suffix, exponent]) => [exponent, suffix]))
const binarySuffixes = ['', 'Ki', 'Mi', 'Gi', 'Ti', 'Pi', 'Ei']
const shape = /^([+-]?)(\d*)(?:\.(\d*))?([eEinumkKMGTP]*[-+]?\d*)$/
const maxBinary = 2n ** 63n - 1n
/** Upstream accepts any exponent; larger ones are rejected here, since comparing them would build unbounded numbers. */
const maxExponent = 1000
/** Parsing is quadratic in the digits, and no real amount has so many. */
const maxCharacters = 1024

/** Few distinct quantities (`100m`, `64Mi`) are nearly all that is parsed, several times in each request: defaults, quality of service, validation. */
const recent = new Map<string, Quantity>()
const maxRecent = 512
const maxRecentLength = 32

/** Throws `QuantityError` with upstream's message. The result is shared: never modify it. */
export function parseQuantity(text: string): Quantity {
  const known = recent.get(text)
  if (known !== undefined) return known
  const read = readQuantity(text)
  if (text.length > maxRecentLength) return read
  // Cleared rather than aged: values in use return at once.
  if (recent.size >= maxRecent) recent.clear()
  recent.set(text, read)
  return read
}

function readQuantity(text: string): Quantity {
  if (text === '0') return { value: 0n, scale: 0, format: 'DecimalSI', text }
  const match = text === '' || text.length > maxCharacters ? null : shape.exec(text)
  if (match === null) throw new QuantityError(quantityFormatMessage)
  const [, sign = '', whole = '', fraction = '', suffix = ''] = match
  const { format, exponent } = interpretSuffix(suffix)
  const stripped = whole.replace(/^0+/, '')
  // Zeros without a suffix are a plain number.
  const number = stripped === '' ? '0' : stripped
  const negative = sign === '-'
  const small = fastPath(text, number, fraction, format, exponent, negative)
  if (small !== undefined) return small
  if (whole === '' && fraction === '') throw new QuantityError('unable to parse numeric part of quantity')
  const magnitude = BigInt(number + fraction)
  let value = format === 'BinarySI' ? magnitude * 2n ** BigInt(exponent) : magnitude
  let scale = (format === 'BinarySI' ? 0 : exponent) - fraction.length
  ;({ value, scale } = roundUp(value, scale, -9))
  let shown: QuantityFormat = format
  if (format === 'BinarySI') {
    if (compareScaled(value, scale, maxBinary, 0) > 0) {
      value = maxBinary
      scale = 0
    }
    if (value > 0n && compareScaled(value, scale, 1n, 0) < 0) shown = 'DecimalSI'
  }
  return { value: negative ? -value : value, scale, format: shown, decimal: true }
}

/** Upstream's int64 path, which keeps the input's text if it looks canonical. Undefined if the number does not fit. */
function fastPath(
  text: string,
  number: string,
  fraction: string,
  format: QuantityFormat,
  exponent: number,
  negative: boolean,
): Quantity | undefined {
  const binary = format === 'BinarySI'
  const precision = binary
    ? fraction === ''
      ? 15 - number.length - Math.trunc((exponent * 3) / 10) - 1
      : -1
    : 18 - number.length - fraction.length
  const scale = (binary ? 0 : exponent) - fraction.length
  if (precision < 0 || scale < -9) return undefined
  const shifted = number + fraction
  const parsed = BigInt(shifted)
  const magnitude = binary ? parsed * 2n ** BigInt(exponent) : parsed
  const value = negative ? -magnitude : magnitude
  const keeps = binary
    ? exponent % 10 === 0 && (parsed & 7n) !== 0n
    : scale % 3 === 0 && !shifted.endsWith('000') && !shifted.startsWith('0')
  return keeps ? { value, scale, format, text } : { value, scale, format }
}

function interpretSuffix(suffix: string): { format: QuantityFormat; exponent: number } {
  const decimal = decimalSuffixes.get(suffix)
  if (decimal !== undefined) return { format: 'DecimalSI', exponent: decimal }
  const binary = binarySuffixes.indexOf(suffix)
  if (binary > 0) return { format: 'BinarySI', exponent: binary * 10 }
  const exponent = /^[eE]([+-]?\d+)$/.exec(suffix)?.[1]
  if (exponent === undefined || Math.abs(Number(exponent)) > maxExponent) throw new QuantityError("unable to parse quantity's suffix")
  return { format: 'DecimalExponent', exponent: Number(exponent) }
}

/** Rounds away from zero to a multiple of 10^scale. */
function roundUp(value: bigint, scale: number, to: number): { value: bigint; scale: number } {
  if (scale >= to) return { value, scale }
  const unit = powerOfTen(to - scale)
  const quotient = value / unit
  const exact = quotient * unit === value
  return { value: exact ? quotient : quotient + (value < 0n ? -1n : 1n), scale: to }
}

/** Rounds up to thousandths, as upstream's defaults do with every resource amount. */
export function roundUpToMilli(quantity: Quantity): Quantity {
  if (quantity.scale >= -3) return quantity
  return { ...roundUp(quantity.value, quantity.scale, -3), format: quantity.format }
}

const powers: bigint[] = [1n]

/** Cached: amounts of cores and bytes have few scales, and are compared in every request. */
function powerOfTen(exponent: number): bigint {
  let power = powers[exponent]
  if (power === undefined) {
    power = 10n ** BigInt(exponent)
    // The parser limits exponents.
    powers[exponent] = power
  }
  return power
}

function compareScaled(a: bigint, aScale: number, b: bigint, bScale: number): number {
  if (aScale === bScale) return a < b ? -1 : a > b ? 1 : 0
  const low = Math.min(aScale, bScale)
  const left = a * powerOfTen(aScale - low)
  const right = b * powerOfTen(bScale - low)
  return left < right ? -1 : left > right ? 1 : 0
}

/** Negative, zero or positive if `a` is less than, equal to or greater than `b`. */
export function compareQuantities(a: Quantity, b: Quantity): number {
  return compareScaled(a.value, a.scale, b.value, b.scale)
}

/** The format of the sum is that of `a`, or that of `b` if `a` is zero. */
export function addQuantities(a: Quantity, b: Quantity): Quantity {
  if (a.scale === b.scale) return { value: a.value + b.value, scale: a.scale, format: a.value === 0n ? b.format : a.format }
  const scale = Math.min(a.scale, b.scale)
  const value = a.value * powerOfTen(a.scale - scale) + b.value * powerOfTen(b.scale - scale)
  return { value, scale, format: a.value === 0n ? b.format : a.format }
}

export function subtractQuantities(a: Quantity, b: Quantity): Quantity {
  return addQuantities(a, { value: -b.value, scale: b.scale, format: b.format })
}

/** The amount in thousandths, rounded up. */
export function milliValue(quantity: Quantity): bigint {
  const { value, scale } = roundUp(quantity.value, quantity.scale, -3)
  return value * powerOfTen(scale + 3)
}

/** The amount as an integer, rounded up. */
export function integerValue(quantity: Quantity): bigint {
  const { value, scale } = roundUp(quantity.value, quantity.scale, 0)
  return value * powerOfTen(scale)
}

/** Nearest double; for scores and shares, not for decisions about exact amounts. */
export function approximateNumber(quantity: Quantity): number {
  return Number(`${quantity.value}e${quantity.scale}`)
}

/** The canonical text: no fraction, no loss, the largest suffix that fits. */
export function formatQuantity(quantity: Quantity): string {
  if (quantity.text !== undefined) return quantity.text
  const { value, scale } = quantity
  if (value === 0n) return '0'
  if (quantity.format === 'BinarySI' && isBinaryExact(value, scale)) {
    let mantissa = scale < 0 ? value / 10n ** BigInt(-scale) : value * 10n ** BigInt(scale)
    let times = 0
    while (mantissa % 1024n === 0n) {
      mantissa /= 1024n
      times++
    }
    return `${mantissa}${binarySuffixes[times] ?? ''}`
  }
  let mantissa = value
  let exponent = scale
  while (mantissa % 10n === 0n) {
    mantissa /= 10n
    exponent++
  }
  const over = ((exponent % 3) + 3) % 3
  mantissa *= 10n ** BigInt(over)
  exponent -= over
  if (quantity.format === 'DecimalExponent') return exponent === 0 ? `${mantissa}` : `${mantissa}e${exponent}`
  return `${mantissa}${decimalSuffixOf.get(exponent) ?? ''}`
}

/** Binary suffixes are for whole numbers of at least 1024 in magnitude; others are printed in decimal, without loss. */
function isBinaryExact(value: bigint, scale: number): boolean {
  const magnitude = value < 0n ? -value : value
  if (compareScaled(magnitude, scale, 1024n, 0) < 0) return false
  return scale >= 0 || value % 10n ** BigInt(-scale) === 0n
}

const canonical = new Map<string, string>()

/** Upstream's text of this quantity. Throws `QuantityError`. */
export function canonicalQuantity(text: string): string {
  const known = canonical.get(text)
  if (known !== undefined) return known
  const result = formatQuantity(parseQuantity(text))
  // Manifests repeat the same few amounts; the limit keeps hostile input from growing this.
  if (canonical.size >= 1000) canonical.clear()
  if (text.length <= 32) canonical.set(text, result)
  return result
}
