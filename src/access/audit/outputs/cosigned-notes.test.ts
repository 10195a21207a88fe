import assert from 'node:assert/strict'
import { test } from 'node:test'
import { CosignedNotes } from './cosigned-notes.ts'

const by = (name: string) => [{ name, keyId: 1, signature: Buffer.from(name) }]
const bestOf = ({ best }: CosignedNotes) => best && [best.note, ...best.signatures.map(({ name }) => name)]

test('CosignedNotes prefers the newest of several with as many cosignatures', () => {
  const notes = new CosignedNotes()
  assert.equal(notes.best, undefined)
  notes.add('a', 'one', 1, by('a'))
  notes.add('b', 'one', 1, by('b'))
  assert.deepEqual(bestOf(notes), ['one', 'a', 'b'])
  notes.add('a', 'two', 2, by('a'))
  assert.deepEqual(bestOf(notes), ['one', 'a', 'b'])
  notes.add('b', 'two', 2, by('b'))
  assert.deepEqual(bestOf(notes), ['two', 'a', 'b'])
})

test('CosignedNotes does not leave a slow witness out, and few notes are in memory', () => {
  const notes = new CosignedNotes()
  for (let size = 1; size < 100; size++) {
    if (size % 10 === 1) notes.begin('slow', `${size}`)
    notes.add('fast', `${size}`, size, by('fast'))
    if (size % 10 === 0) notes.add('slow', `${size - 9}`, size - 9, by('slow'))
    assert.ok(notes.count <= 5)
    if (size >= 10) assert.equal(notes.best?.signatures.length, 2)
  }
  assert.equal(notes.best?.size, 81)
})

test('CosignedNotes does not wait for a witness that failed', () => {
  const notes = new CosignedNotes()
  notes.add('a', 'one', 1, by('a'))
  notes.add('b', 'one', 1, by('b'))
  notes.add('a', 'two', 2, by('a'))
  notes.fail('b')
  assert.deepEqual(bestOf(notes), ['two', 'a'])
  notes.fail('a')
  assert.equal(notes.best, undefined)
})
