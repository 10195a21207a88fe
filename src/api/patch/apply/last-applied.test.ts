import assert from 'node:assert/strict'
import { test } from 'node:test'
import { renewLastApplied } from './last-applied.ts'

const annotation = 'kubectl.kubernetes.io/last-applied-configuration'

const rows: [string, Record<string, unknown>, string][] = [
  ['sorts members', { kind: 'K', apiVersion: 'v1' }, '{"apiVersion":"v1","kind":"K"}\n'],
  ['escapes as Go does', { data: { a: '<b>&' } }, '{"data":{"a":"\\u003cb\\u003e\\u0026"}}\n'],
  ['leaves itself out', { metadata: { annotations: { [annotation]: 'x', a: 'b' } } }, '{"metadata":{"annotations":{"a":"b"}}}\n'],
]
for (const [name, config, text] of rows) {
  test(`renewLastApplied() ${name}`, () => {
    const object = { metadata: { annotations: { [annotation]: '{}' } } }
    assert.deepEqual(renewLastApplied(object, config), { metadata: { annotations: { [annotation]: text } } })
  })
}
