// Label and field selectors are parsed, or rejected with an ApiError; their canonical text is the same selector.
import assert from 'node:assert/strict'
import fc from 'fast-check'
import { type FuzzTarget, succeeds } from '../../base/testing/fuzz-target.testing.ts'
import { ApiError } from '../status.ts'
import { type FieldSelection, parseFieldSelector, requiredFieldValue } from './field-selector.ts'
import { formatLabelSelector, type LabelSelection, parseLabelSelector } from './selector.ts'

const keys = ['a', 'app.kubernetes.io/name', 'metadata.name', 'spec.nodeName', '__proto__', 'in', 'notin', 'x'.repeat(64)]
const values = ['', 'a', 'b-1', '5', '-3', 'in', '99999999999999999999', 'a\\,b', 'a\\=b', '.']
const key = fc.constantFrom(...keys)
const value = fc.constantFrom(...values)
const term = fc.oneof(
  fc.tuple(key, fc.constantFrom('=', '==', '!=', '>', '<', ' = '), value).map(parts => parts.join('')),
  fc
    .tuple(key, fc.constantFrom(' in ', ' notin ', ' notin'), fc.array(value, { maxLength: 4 }))
    .map(([name, operator, of]) => `${name}${operator}(${of.join(',')})`),
  fc.tuple(fc.constantFrom('', '!', '! '), key).map(parts => parts.join('')),
)

const labels: readonly Readonly<Record<string, string>>[] = [{}, { a: 'a' }, { a: '5', in: '' }, { 'app.kubernetes.io/name': 'b-1', a: '' }]

export const selector: FuzzTarget = {
  name: 'selector',
  inputs: fc.array(term, { maxLength: 5 }).map(terms => terms.join(',')),
  words: [...keys, ...values, '=', '!=', '==', ',', ' in (', ' notin (', ')', '!', '>', '<', '\\'],
  run(input) {
    const text = input.toString()
    let byLabel: LabelSelection | undefined
    if (
      succeeds(() => {
        byLabel = parseLabelSelector(text)
      }, ApiError) &&
      byLabel !== undefined
    ) {
      const canonical = formatLabelSelector(byLabel)
      const again = parseLabelSelector(canonical)
      assert.equal(formatLabelSelector(again), canonical, 'the canonical text is its own')
      for (const one of labels) assert.equal(again.matches(one), byLabel.matches(one), `${canonical} on ${JSON.stringify(one)}`)
      for (const one of labels) if (byLabel.matches(one)) for (const [name, wanted] of byLabel.exact) assert.equal(one[name], wanted)
    }
    let byField: FieldSelection | undefined
    const reads = succeeds(() => {
      byField = parseFieldSelector(text, { isSupported: () => true, unknown: field => field })
    }, ApiError)
    const exact = byField?.exact.find(([field]) => field === 'metadata.name')?.[1]
    assert.equal(requiredFieldValue(text, 'metadata.name'), reads ? exact : undefined)
    // A right to one name must not extend to another.
    if (exact !== undefined) assert.equal(byField?.matches({ 'metadata.name': `${exact}x` }), false)
  },
}
