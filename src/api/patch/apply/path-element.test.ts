import assert from 'node:assert/strict'
import { test } from 'node:test'
import { elementText, itemElement } from './path-element.ts'
import { type ListShape, leaf } from './shape.ts'

const set: ListShape = { kind: 'list', item: leaf, keys: [] }
const keyed: ListShape = { kind: 'list', item: leaf, keys: [{ name: 'n', default: undefined }] }

const rows: [string, ListShape, unknown, string, string][] = [
  ['a value', set, 'a', 'v:"a"', '[="a"]'],
  ['a value that HTML would read', set, '<a>&', 'v:"\\u003ca\\u003e\\u0026"', '[="<a>&"]'],
  ['a key that HTML would read', keyed, { n: '<a>' }, 'k:{"n":"\\u003ca\\u003e"}', '[n="<a>"]'],
  ['a control character', set, '\u0001', 'v:"\\u0001"', '[="\\x01"]'],
  ['a large number', keyed, { n: 1000000 }, 'k:{"n":1000000}', '[n=1e+06]'],
  ['a flag', keyed, { n: true }, 'k:{"n":true}', '[n=true]'],
]
for (const [name, shape, item, element, text] of rows) {
  test(`itemElement() and elementText() write ${name} as Go does`, () => {
    assert.equal(itemElement(shape, item), element)
    assert.equal(elementText(element), text)
  })
}
