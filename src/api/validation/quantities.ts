// Compares quantities of objects: texts that the decoder has made canonical.
import { type FieldError, invalidValue } from '../field-error.ts'
import { compareQuantities, formatQuantity, integerValue, parseQuantity, roundUpToMilli } from '../quantity/quantity.ts'
import type { ResourceList } from '../types/core-v1.ts'
import { invalidShown } from './go-syntax.ts'
import { negativeMessage } from './object-meta.ts'

/** Below, at or above zero if `a` is less than, equal to or more than `b`. */
export function compareAmounts(a: string, b: string): number {
  return a === b ? 0 : compareQuantities(parseQuantity(a), parseQuantity(b))
}

export function isZeroAmount(quantity: string): boolean {
  return quantity === '0' || parseQuantity(quantity).value === 0n
}

function isNegativeAmount(quantity: string): boolean {
  return quantity.startsWith('-') && parseQuantity(quantity).value < 0n
}

export function validateNonnegativeQuantity(quantity: string, path: string, errors: FieldError[]): void {
  if (isNegativeAmount(quantity)) errors.push(invalidValue(path, quantity, negativeMessage))
}

/** Upstream's older validation of storage amounts, which shows the number of whole units. */
export function validateBasicQuantity(quantity: string, path: string, errors: FieldError[]): void {
  if (!isNegativeAmount(quantity)) return
  errors.push(invalidShown(path, String(integerValue(parseQuantity(quantity))), 'must be a valid resource quantity'))
}

export function validatePositiveQuantity(quantity: string, path: string, errors: FieldError[]): void {
  if (parseQuantity(quantity).value <= 0n) errors.push(invalidValue(path, quantity, 'must be greater than zero'))
}

/** Rounds amounts finer than a thousandth up, as upstream's defaulting does. Modifies the list. */
export function roundAmounts(list: ResourceList | undefined): void {
  if (list === undefined) return
  for (const name in list) {
    const amount = list[name] ?? '0'
    if (/[nue]/.test(amount)) list[name] = formatQuantity(roundUpToMilli(parseQuantity(amount)))
  }
}
