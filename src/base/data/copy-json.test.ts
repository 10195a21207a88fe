import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { parseJson } from '../json.ts'
import { copyJson } from './copy-json.ts'

/** Every object and list in a value. */
function* parts(value: unknown): Generator<object> {
  if (typeof value !== 'object' || value === null) return
  yield value
  for (const member of Object.values(value)) yield* parts(member)
}

test('copyJson() shares nothing with the original, whatever its names', () => {
  const text = fc.oneof(fc.json(), fc.constant('{"__proto__":{"a":[{}]},"constructor":{"prototype":{}},"b":[[1,null,{"__proto__":1}]]}'))
  fc.assert(
    fc.property(text, json => {
      const original: unknown = parseJson(json)
      const copy = copyJson(original)
      assert.deepEqual(copy, original)
      assert.equal(JSON.stringify(copy), JSON.stringify(original))
      const originals = new Set(parts(original))
      for (const part of parts(copy)) {
        assert.ok(!originals.has(part))
        assert.ok(Object.getPrototypeOf(part) === (Array.isArray(part) ? Array.prototype : Object.prototype))
      }
    }),
  )
})

test('copyJson() of a frozen value can be modified', () => {
  const copy = copyJson(Object.freeze({ list: Object.freeze([Object.freeze({ a: 1 })]) }) as { list: { a: number }[] })
  copy.list.push({ a: 2 })
  copy.list[0] = { a: 3 }
  assert.deepEqual(copy, { list: [{ a: 3 }, { a: 2 }] })
})
