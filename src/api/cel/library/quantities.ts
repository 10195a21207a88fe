// Kubernetes' quantities: `quantity('1Gi').isGreaterThan(quantity('500M'))`.

import {
  addQuantities,
  approximateNumber,
  compareQuantities,
  integerValue,
  parseQuantity,
  type Quantity,
  QuantityError,
  subtractQuantities,
} from '../../quantity.ts'
import * as t from '../check/type.ts'
import { fail, noSuchOverload } from '../evaluate/failure.ts'
import { asInt, asString } from '../evaluate/narrow.ts'
import { type CelValue, Double, Opaque } from '../evaluate/values.ts'
import { nominal, parses } from './costs.ts'
import { free, type Library, member } from './function.ts'
import { quantityType } from './opaque-types.ts'

class QuantityValue extends Opaque {
  readonly typeName = quantityType.name
  readonly quantity: Quantity

  constructor(quantity: Quantity) {
    super()
    this.quantity = quantity
  }

  equals(other: Opaque): boolean {
    return other instanceof QuantityValue && compareQuantities(this.quantity, other.quantity) === 0
  }
}

const asQuantity = (value: CelValue): Quantity => (value instanceof QuantityValue ? value.quantity : fail(noSuchOverload))
const ofInt = (value: CelValue): Quantity => ({ value: BigInt(asInt(value)), scale: 0, format: 'DecimalExponent' })

/** Digits that text may have: its value is computed exactly. */
const maxLength = 1000

function read(text: string): Quantity | string {
  try {
    return text.length > maxLength ? 'quantity is too long' : parseQuantity(text)
  } catch (err) {
    if (err instanceof QuantityError) return err.message
    throw err
  }
}

function fromText(value: CelValue): CelValue {
  const found = read(asString(value))
  return typeof found === 'string' ? fail(found) : new QuantityValue(found)
}

/** The whole number that it is; undefined where it is none, or does not fit. */
function asWhole(value: CelValue): number | bigint | undefined {
  const quantity = asQuantity(value)
  const whole = integerValue(quantity)
  const exact = compareQuantities(quantity, { value: whole, scale: 0, format: 'DecimalSI' }) === 0
  if (!exact || BigInt.asIntN(64, whole) !== whole) return undefined
  return Number.isSafeInteger(Number(whole)) ? Number(whole) : whole
}

const sign = (value: CelValue): number => {
  const { value: amount } = asQuantity(value)
  return amount > 0n ? 1 : amount < 0n ? -1 : 0
}

const Q = quantityType
const { int, bool } = t
const sum = (id: string, other: t.CelType, of: (value: CelValue) => Quantity, combine: typeof addQuantities) =>
  member(id, [Q, other], Q, (a, b) => new QuantityValue(combine(asQuantity(a), of(b))), nominal)

export const quantitiesLibrary: Library = {
  types: [quantityType],
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
    { name: 'add', overloads: [sum('quantity_add', Q, asQuantity, addQuantities), sum('quantity_add_int', int, ofInt, addQuantities)] },
    {
      name: 'sub',
      overloads: [sum('quantity_sub', Q, asQuantity, subtractQuantities), sum('quantity_sub_int', int, ofInt, subtractQuantities)],
    },
  ],
}
