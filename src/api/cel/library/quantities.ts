// Kubernetes' quantities: `quantity('1Gi').isGreaterThan(quantity('500M'))`.

import {
  addQuantities,
  approximateNumber,
  compareQuantities,
  parseQuantity,
  type Quantity,
  QuantityError,
  subtractQuantities,
} from '../../quantity/quantity.ts'
import { free, type Library, member } from '../functions/function.ts'
import { fail, noSuchOverload } from '../values/failure.ts'
import { asInt, asString } from '../values/narrow.ts'
import * as t from '../values/type.ts'
import { type CelValue, Double, Opaque, toInt } from '../values/values.ts'
import { addWork } from '../values/work-counter.ts'
import { nominal, parses } from './costs.ts'
import { quantityType } from './opaque-types.ts'

class QuantityValue extends Opaque {
  readonly typeName = quantityType.name
  readonly quantity: Quantity
  readonly amount: Amount | undefined

  constructor(quantity: Quantity, amount: Amount | undefined) {
    super()
    this.quantity = quantity
    this.amount = amount
  }

  equals(other: Opaque): boolean {
    return other instanceof QuantityValue && compareQuantities(this.quantity, other.quantity) === 0
  }
}

/**
 * A 64-bit number times a power of ten, upstream's form of an amount while it fits. Only such an amount without a fraction is an integer to
 * upstream: `1000m` and `1.5Ki` are not.
 */
type Amount = Pick<Quantity, 'value' | 'scale'>

function addAmounts(a: Amount | undefined, b: Amount | undefined): Amount | undefined {
  if (a === undefined || b === undefined || b.value === 0n) return b === undefined ? undefined : a
  if (a.value === 0n) return b
  const scale = Math.min(a.scale, b.scale)
  const [left, right] = [scaled(a, scale), scaled(b, scale)]
  const value = left === undefined || right === undefined ? undefined : inRange(left + right)
  return value === undefined ? undefined : { value, scale }
}

/** In units of a smaller power of ten; undefined beyond 64 bits. */
const scaled = ({ value, scale }: Amount, to: number): bigint | undefined => inRange(value * 10n ** BigInt(scale - to))
const inRange = (value: bigint): bigint | undefined => (BigInt.asIntN(64, value) === value ? value : undefined)

const asValue = (value: CelValue): QuantityValue => (value instanceof QuantityValue ? value : fail(noSuchOverload))

/** An amount has the digits of its text, plus zeros for the difference of exponents. */
const digitsWork = 40

function asQuantity(value: CelValue): Quantity {
  const { quantity } = asValue(value)
  if (quantity.text === undefined || quantity.scale > 18) addWork(digitsWork)
  return quantity
}

function ofInt(value: CelValue): QuantityValue {
  const quantity: Quantity = { value: BigInt(asInt(value)), scale: 0, format: 'DecimalExponent' }
  return new QuantityValue(quantity, quantity)
}

/** Limit of digits in a text: its value is computed exactly. */
const maxLength = 1000

function read(text: string): Quantity | string {
  try {
    addWork(text.length)
    return text.length > maxLength ? 'quantity is too long' : parseQuantity(text)
  } catch (err) {
    if (err instanceof QuantityError) return err.message
    throw err
  }
}

function fromText(value: CelValue): CelValue {
  const found = read(asString(value))
  return typeof found === 'string' ? fail(found) : new QuantityValue(found, found.decimal === true ? undefined : found)
}

/** As a whole number; undefined if it is none or does not fit. */
function asWhole(value: CelValue): number | bigint | undefined {
  const { amount } = asValue(value)
  const whole = amount === undefined || amount.scale < 0 ? undefined : scaled(amount, 0)
  return whole === undefined ? undefined : toInt(whole)
}

const sign = (value: CelValue): number => {
  const { value: amount } = asQuantity(value)
  return amount > 0n ? 1 : amount < 0n ? -1 : 0
}

const Q = quantityType
const { int, bool } = t
const sum = (id: string, other: t.CelType, of: (value: CelValue) => QuantityValue, negates: boolean) =>
  member(
    id,
    [Q, other],
    Q,
    (a, b) => {
      const [left, right] = [asValue(a), of(b)]
      addWork(digitsWork)
      const combine = negates ? subtractQuantities : addQuantities
      const { amount } = right
      const added = negates && amount !== undefined ? { ...amount, value: -amount.value } : amount
      return new QuantityValue(combine(left.quantity, right.quantity), addAmounts(left.amount, added))
    },
    nominal,
  )

export const quantitiesLibrary: Library = {
  functions: [
    { name: 'quantity', overloads: [free('string_to_quantity', [t.string], Q, fromText, parses)] },
    {
      name: 'isQuantity',
      overloads: [free('is_quantity_string', [t.string], bool, value => typeof read(asString(value)) !== 'string', parses)],
    },
    { name: 'sign', overloads: [free('quantity_sign', [Q], int, sign, nominal)] },
    {
      name: 'isGreaterThan',
      overloads: [member('quantity_is_greater_than', [Q, Q], bool, (a, b) => compareQuantities(asQuantity(a), asQuantity(b)) > 0, nominal)],
    },
    {
      name: 'isLessThan',
      overloads: [member('quantity_is_less_than', [Q, Q], bool, (a, b) => compareQuantities(asQuantity(a), asQuantity(b)) < 0, nominal)],
    },
    {
      name: 'compareTo',
      overloads: [member('quantity_compare_to', [Q, Q], int, (a, b) => compareQuantities(asQuantity(a), asQuantity(b)), nominal)],
    },
    {
      name: 'asApproximateFloat',
      overloads: [member('quantity_get_float', [Q], t.double, value => new Double(approximateNumber(asQuantity(value))), nominal)],
    },
    {
      name: 'asInteger',
      overloads: [member('quantity_get_int', [Q], int, value => asWhole(value) ?? fail('cannot convert value to integer'), nominal)],
    },
    { name: 'isInteger', overloads: [member('quantity_is_integer', [Q], bool, value => asWhole(value) !== undefined, nominal)] },
    { name: 'add', overloads: [sum('quantity_add', Q, asValue, false), sum('quantity_add_int', int, ofInt, false)] },
    {
      name: 'sub',
      overloads: [sum('quantity_sub', Q, asValue, true), sum('quantity_sub_int', int, ofInt, true)],
    },
  ],
}
