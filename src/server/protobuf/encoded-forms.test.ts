import assert from 'node:assert/strict'
import { test } from 'node:test'
import { EncodedForms } from './encoded-forms.ts'

test('EncodedForms encodes a form once, and caches recently used ones within its limit', () => {
  const made: Buffer[] = []
  const forms = new EncodedForms(100)
  const json = Array.from({ length: 20 }, (_, index) => Buffer.from([index]))
  const get = (index: number) =>
    forms.get(json[index] ?? Buffer.alloc(0), of => {
      made.push(of)
      return Buffer.alloc(10)
    })
  const first = get(0)
  assert.equal(get(0), first)
  assert.equal(made.length, 1)
  // Five fill a half, and five more make those old.
  for (let index = 1; index < 10; index++) get(index)
  assert.equal(get(0), first)
  assert.equal(made.length, 10)
  for (let index = 10; index < 20; index++) get(index)
  get(1)
  assert.equal(made.length, 21)
})

test('EncodedForms does not cache a form larger than half of its limit', () => {
  let made = 0
  const forms = new EncodedForms(100)
  const json = Buffer.alloc(1)
  for (let round = 0; round < 3; round++) {
    forms.get(json, () => {
      made++
      return Buffer.alloc(51)
    })
  }
  assert.equal(made, 3)
})
