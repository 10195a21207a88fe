// Arithmetic on resource quantities (`500m`, `1Gi`, `12e6`) as strings: exact, for comparison and for validation.
import { type FieldError, invalidValue } from '../field-error.ts'
import { negativeMessage } from './object-meta.ts'

/** Nano is the finest scale that Kubernetes keeps; a quantity is held as a whole number of nano-units. */
const nano = 1_000_000_000n

const suffixes: Readonly<Record<string, bigint>> = {
  n: 1n,
  u: 1_000n,
  m: 1_000_000n,
  '': nano,
  k: nano * 10n ** 3n,
  M: nano * 10n ** 6n,
  G: nano * 10n ** 9n,
  T: nano * 10n ** 12n,
  P: nano * 10n ** 15n,
  E: nano * 10n ** 18n,
  Ki: nano << 10n,
  Mi: nano << 20n,
  Gi: nano << 30n,
  Ti: nano << 40n,
  Pi: nano << 50n,
  Ei: nano << 60n,
}

const plainPattern = /^\d{1,15}$/
const pattern = /^([+-]?)(\d*)\.?(\d*)([a-zA-Z]{0,2}|[eE][+-]?\d+)$/

/**
 * A quantity in nano-units, rounded away from zero below that. The decoder has refused malformed quantities before validation;
 * should one come here all the same, it counts as zero.
 */
export function nanoUnits(quantity: string): bigint {
  if (plainPattern.test(quantity)) return BigInt(quantity) * nano
  const match = pattern.exec(quantity)
  if (match === null) return 0n
  const [, sign = '', whole = '', fraction = '', suffix = ''] = match
  const digits = BigInt(`${whole}${fraction}` || '0')
  const unit = suffixes[suffix]
  let numerator: bigint
  let denominator = 10n ** BigInt(fraction.length)
  if (unit !== undefined) numerator = digits * unit
  else {
    const exponent = Number(suffix.slice(1))
    numerator = digits * nano
    if (exponent >= 0) numerator *= 10n ** BigInt(Math.min(exponent, 64))
    else denominator *= 10n ** BigInt(Math.min(-exponent, 64))
  }
  const rounded = (numerator + denominator - 1n) / denominator
  return sign === '-' ? -rounded : rounded
}

/** Below, at or above zero where `a` is less than, equal to or more than `b`. */
export function compareQuantities(a: string, b: string): number {
  if (a === b) return 0
  const left = nanoUnits(a)
  const right = nanoUnits(b)
  return left < right ? -1 : left > right ? 1 : 0
}

export function isNegativeQuantity(quantity: string): boolean {
  return quantity.startsWith('-') && nanoUnits(quantity) < 0n
}

export function isZeroQuantity(quantity: string): boolean {
  return quantity === '0' || nanoUnits(quantity) === 0n
}

/** The number of whole units, rounded up as Kubernetes rounds (`1500m` is 2). */
export function wholeUnits(quantity: string): bigint {
  return ceilDivide(nanoUnits(quantity), nano)
}

/** The number of thousandths, rounded up (`0.5` is 500). */
export function milliUnits(quantity: string): bigint {
  return ceilDivide(nanoUnits(quantity), 1_000_000n)
}

function ceilDivide(value: bigint, by: bigint): bigint {
  return value > 0n ? (value + by - 1n) / by : value / by
}

/** Rounds up to thousandths, as defaulting does for API compatibility; quantities without a finer part come back as they are. */
export function roundUpToMilli(quantity: string): string {
  if (!/[nu]$/.test(quantity)) return quantity
  const milli = milliUnits(quantity)
  return milli % 1000n === 0n ? `${milli / 1000n}` : `${milli}m`
}

export function validateNonnegativeQuantity(quantity: string, path: string, errors: FieldError[]): void {
  if (isNegativeQuantity(quantity)) errors.push(invalidValue(path, quantity, negativeMessage))
}

export function validatePositiveQuantity(quantity: string, path: string, errors: FieldError[]): void {
  if (nanoUnits(quantity) <= 0n) errors.push(invalidValue(path, quantity, 'must be greater than zero'))
}
