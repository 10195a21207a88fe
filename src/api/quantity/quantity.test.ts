import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import {
  addQuantities,
  approximateNumber,
  canonicalQuantity,
  compareQuantities,
  formatQuantity,
  integerValue,
  milliValue,
  parseQuantity,
  QuantityError,
  quantityFormatMessage,
  roundUpToMilli,
  subtractQuantities,
} from './quantity.ts'

describe('canonicalQuantity()', () => {
  const table: [string, string][] = [
    ['0', '0'],
    ['0.5', '500m'],
    ['1000m', '1'],
    ['1500m', '1500m'],
    ['1.5', '1500m'],
    ['1024Mi', '1Gi'],
    ['1.5Gi', '1536Mi'],
    ['1000', '1k'],
    ['100000', '100k'],
    ['1024', '1024'],
    ['512Ki', '512Ki'],
    ['0.5Ki', '512'],
    ['0.1Ki', '102400m'],
    ['1e3', '1e3'],
    ['12e6', '12e6'],
    ['1E', '1E'],
    ['+5', '+5'],
    ['-5', '-5'],
    ['0m', '0'],
    // Upstream keeps the text if it need not change it.
    ['00500m', '00500m'],
    ['1.500', '1.500'],
    ['E', '0'],
    ['.5', '500m'],
    ['5.', '5.'],
    ['1n', '1n'],
    ['0.1n', '1n'],
    ['9223372036854775807', '9223372036854775807'],
    ['1Ei', '1Ei'],
    ['8Ei', '9223372036854775807'],
    ['62.5Ki', '64000'],
    ['64000', '64k'],
  ]
  for (const [input, expected] of table) it(`prints ${input} as ${expected}`, () => assert.equal(canonicalQuantity(input), expected))

  it('is idempotent, and the same amount', () => {
    const suffix = fc.constantFrom('', 'n', 'u', 'm', 'k', 'M', 'G', 'T', 'Ki', 'Mi', 'Gi', 'e2', 'e-3')
    fc.assert(
      fc.property(fc.integer({ min: -99_999, max: 99_999 }), fc.integer({ min: 0, max: 999 }), suffix, (whole, fraction, unit) => {
        const text = canonicalQuantity(`${whole}.${fraction}${unit}`)
        // Half a Ki may leave a number without a suffix, which reads as decimal: upstream, too, prints 62.5Ki as 64000, and 64000 as 64k.
        if (!unit.endsWith('i') || fraction === 0) assert.equal(canonicalQuantity(text), text)
        assert.equal(compareQuantities(parseQuantity(text), parseQuantity(`${whole}.${fraction}${unit}`)), 0)
      }),
    )
  })
})

describe('parseQuantity()', () => {
  for (const text of ['', 'x', '1x', '1 Gi', '1.2.3', '1Gix', 'true', '{}', '１']) {
    it(`rejects ${JSON.stringify(text)} as malformed`, () => {
      assert.throws(() => parseQuantity(text), new QuantityError(quantityFormatMessage))
    })
  }
  for (const text of ['1KiK', '1e', '1Me', '1e99999']) {
    it(`rejects the suffix of ${text}`, () => {
      assert.throws(() => parseQuantity(text), new QuantityError("unable to parse quantity's suffix"))
    })
  }
})

describe('arithmetic of quantities', () => {
  const amount = fc
    .tuple(fc.integer({ min: -1e6, max: 1e6 }), fc.constantFrom('', 'm', 'k', 'Ki', 'Mi'))
    .map(([value, unit]) => `${value}${unit}`)

  it('addQuantities() commutes and subtractQuantities() undoes it', () => {
    fc.assert(
      fc.property(amount, amount, (left, right) => {
        const [a, b] = [parseQuantity(left), parseQuantity(right)]
        assert.equal(compareQuantities(addQuantities(a, b), addQuantities(b, a)), 0)
        assert.equal(compareQuantities(subtractQuantities(addQuantities(a, b), b), a), 0)
      }),
    )
  })

  it('compareQuantities() agrees with thousandths', () => {
    fc.assert(
      fc.property(amount, amount, (left, right) => {
        const [a, b] = [parseQuantity(left), parseQuantity(right)]
        const difference = milliValue(a) - milliValue(b)
        assert.equal(Math.sign(compareQuantities(a, b)), difference < 0n ? -1 : difference > 0n ? 1 : 0)
      }),
    )
  })

  it('addQuantities() uses the format of the first amount that is not zero', () => {
    assert.equal(formatQuantity(addQuantities(parseQuantity('0'), parseQuantity('1Gi'))), '1Gi')
    assert.equal(formatQuantity(addQuantities(parseQuantity('1Gi'), parseQuantity('1Gi'))), '2Gi')
  })

  it('integerValue(), milliValue() and roundUpToMilli() round up', () => {
    assert.equal(integerValue(parseQuantity('1100m')), 2n)
    assert.equal(milliValue(parseQuantity('1u')), 1n)
    assert.equal(formatQuantity(roundUpToMilli(parseQuantity('100u'))), '1m')
    assert.equal(integerValue(parseQuantity('-1100m')), -2n)
    assert.equal(approximateNumber(parseQuantity('1500m')), 1.5)
  })
})

it('parseQuantity() rejects exponents above 1000, which would build unbounded numbers', () => {
  assert.equal(parseQuantity('1e1000').scale, 1000)
  for (const text of ['1e1001', '1e-1001', '1E999999999']) {
    assert.throws(() => parseQuantity(text), /unable to parse quantity's suffix/)
  }
})
