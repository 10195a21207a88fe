import assert from 'node:assert/strict'
import { test } from 'node:test'
import { billionths } from './quantity.ts'

const cases = [
  ...[
    { text: '0', value: 0n },
    { text: '100m', value: 10n ** 8n },
    { text: '1', value: 10n ** 9n },
    { text: '1.5', value: 15n * 10n ** 8n },
  ],
  ...[
    { text: '2Ki', value: 2048n * 10n ** 9n },
    { text: '1.5Gi', value: 1610612736n * 10n ** 9n },
    { text: '1e3', value: 10n ** 12n },
  ],
  ...[
    { text: '-5u', value: -5000n },
    { text: '1k', value: 10n ** 12n },
    { text: '25e-1', value: 25n * 10n ** 8n },
    { text: '3E', value: 3n * 10n ** 27n },
  ],
]
for (const { text, value } of cases) test(`billionths() reads ${text}`, () => assert.equal(billionths(text), value))

test('billionths() throws on what is no quantity', () => {
  for (const text of ['', 'm', '1kk', '1.2.3', 'x', '1n2']) assert.throws(() => billionths(text), /not a quantity/, text)
  assert.throws(() => billionths('0.1n'), /too precise/)
})
