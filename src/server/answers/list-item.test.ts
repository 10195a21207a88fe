import assert from 'node:assert/strict'
import { test } from 'node:test'
import { withoutKind } from './list-item.ts'

test('withoutKind() cuts the common beginning of all items, otherwise only the brace', () => {
  const kind = Buffer.from('{"kind":"Pod","apiVersion":"v1",')
  const cut = (text: string): string => withoutKind(Buffer.from(text), kind).toString()
  assert.equal(cut('{"kind":"Pod","apiVersion":"v1","metadata":{}}'), '"metadata":{}}')
  assert.equal(cut('{"apiVersion":"v1","kind":"Pod","metadata":{}}'), '"apiVersion":"v1","kind":"Pod","metadata":{}}')
  assert.equal(cut('{"metadata":{}}'), '"metadata":{}}')
})
