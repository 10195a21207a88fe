// Quantities are parsed, or rejected with a QuantityError; the canonical text is the same amount, and its own canonical text.
import assert from 'node:assert/strict'
import fc from 'fast-check'
import { type FuzzTarget, succeeds } from '../../base/testing/fuzz-target.testing.ts'
import {
  addQuantities,
  canonicalQuantity,
  compareQuantities,
  formatQuantity,
  integerValue,
  milliValue,
  parseQuantity,
  type Quantity,
  QuantityError,
  subtractQuantities,
} from './quantity.ts'

const digits = fc.oneof(
  fc.nat().map(String),
  fc.bigInt({ min: 0n, max: 10n ** 40n }).map(String),
  fc.constantFrom('', '0', '000', '1'.repeat(200)),
)
const suffixes = [
  '',
  'n',
  'u',
  'm',
  'k',
  'M',
  'G',
  'T',
  'P',
  'E',
  'Ki',
  'Mi',
  'Gi',
  'Ti',
  'Pi',
  'Ei',
  'e3',
  'E-3',
  'e1000',
  'e-1000',
  'i',
  'K',
  'e',
  'e+',
  'mi',
]

/** Upstream has no suffix for more zeros, and prints such an amount as a smaller one; so do we. */
const maxWithSuffix = parseQuantity('1000E')
const isBeyondSuffixes = (read: Quantity): boolean =>
  compareQuantities(read, maxWithSuffix) >= 0 || compareQuantities({ ...read, value: -read.value }, maxWithSuffix) >= 0

export const quantity: FuzzTarget = {
  name: 'quantity',
  inputs: fc
    .tuple(fc.constantFrom('', '-', '+', '--'), digits, fc.constantFrom('', '.'), digits, fc.constantFrom(...suffixes))
    .map(parts => parts.join('')),
  words: [...suffixes, '.', '-', '+', '0', '9'.repeat(20)],
  maxBytes: 1200,
  run(input) {
    const text = input.toString()
    let read: Quantity | undefined
    succeeds(() => {
      read = parseQuantity(text)
    }, QuantityError)
    if (read === undefined || isBeyondSuffixes(read)) return
    const canonical = formatQuantity(read)
    const again = parseQuantity(canonical)
    assert.equal(compareQuantities(read, again), 0, `${canonical} is another amount`)
    assert.equal(formatQuantity(again), canonical)
    assert.equal(canonicalQuantity(text), canonical)
    assert.equal(subtractQuantities(addQuantities(read, read), read).value === 0n, read.value === 0n)
    assert.equal(compareQuantities(subtractQuantities(addQuantities(read, read), read), read), 0)
    const [milli, whole] = [milliValue(read), integerValue(read)]
    assert.ok(whole * 1000n - milli < 1000n && (whole * 1000n >= milli || read.value < 0n), `${milli} thousandths, ${whole} whole`)
  },
}
