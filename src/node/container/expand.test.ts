import assert from 'node:assert/strict'
import { test } from 'node:test'
import { expand, expandStrictly } from './expand.ts'

const variables = new Map([
  ['A', 'a'],
  ['EMPTY', ''],
  ['NESTED', '$(A)'],
])

const rows: [string, string, string][] = [
  ['plain text', 'x', 'x'],
  ['a reference', '$(A)', 'a'],
  ['within text', 'x-$(A)-y', 'x-a-y'],
  ['an empty value', '[$(EMPTY)]', '[]'],
  ['an unknown name stays', '$(NO)', '$(NO)'],
  ['an escaped reference', '$$(A)', '$(A)'],
  ['an escape and a reference', '$$$(A)', '$a'],
  ['values are not expanded again', '$(NESTED)', '$(A)'],
  ['a lone dollar', 'cost: 5$', 'cost: 5$'],
  ['a dollar before something else', '$A', '$A'],
  ['an open reference', '$(A', '$(A'],
  ['a reference in an open one', '$(B$(A)', '$(B$(A)'],
  ['an empty name stays', '$()$(A)', '$()a'],
  ['an escape at the end', '5$$', '5$'],
  ['very many open references', '$('.repeat(500_000), '$('.repeat(500_000)],
]

for (const [name, input, want] of rows) test(`expand(): ${name}`, () => assert.equal(expand(input, variables), want))

test('expandStrictly() throws for an unknown name', () => {
  assert.equal(expandStrictly('$(A)/x', variables), 'a/x')
  assert.throws(() => expandStrictly('$(NO)', variables), /missing value for "NO"/)
})
