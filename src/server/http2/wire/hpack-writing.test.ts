import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { HeaderDecoder } from './header-decoder.ts'
import { added, writeInteger, writeLiteral, writeText } from './hpack-writing.ts'
import { SendBuffer } from './send-buffer.ts'

/** RFC 7541, C.1. */
for (const { bits, value, hex } of [
  { bits: 5, value: 10, hex: '0a' },
  { bits: 5, value: 1337, hex: '1f9a0a' },
  { bits: 8, value: 42, hex: '2a' },
  { bits: 7, value: 127, hex: '7f00' },
  { bits: 7, value: 255, hex: '7f8001' },
])
  test(`writeInteger() writes ${value} behind ${8 - bits} bits`, () => {
    const out = new SendBuffer()
    writeInteger(out, 0, bits, value)
    assert.equal(out.view().toString('hex'), hex)
  })

test('writeInteger() keeps the bits above the number', () => {
  const out = new SendBuffer()
  writeInteger(out, added, 6, 5)
  writeInteger(out, added, 6, 63)
  assert.equal(out.view().toString('hex'), '457f00')
})

test('HeaderDecoder decodes the output, and adds indexed fields to its table', () => {
  const character = fc.integer({ min: 0x20, max: 0xff }).filter(code => code !== 0x7f)
  const text = fc.string({ unit: character.map(code => String.fromCharCode(code)), maxLength: 400 })
  fc.assert(
    fc.property(fc.array(fc.record({ name: text, value: text, isAdded: fc.boolean() }), { maxLength: 20 }), fields => {
      const out = new SendBuffer()
      let size = 0
      for (const { name, value, isAdded } of fields) {
        writeInteger(out, isAdded ? added : 0, isAdded ? 6 : 4, 0)
        writeText(out, name)
        writeText(out, value)
        if (isAdded) size += name.length + value.length + 32
      }
      writeLiteral(out, 1, 'x')
      const decoder = new HeaderDecoder()
      const read = decoder.decode(out.bytes, 0, out.length)
      assert.deepEqual(read, [...fields.map(({ name, value }) => ({ name, value })), { name: ':authority', value: 'x' }])
      assert.ok(decoder.tableSize <= 4096 && (size > 4096 || decoder.tableSize === size))
    }),
  )
})

test('writeText() refuses text that the peer would read as another text or header', () => {
  for (const text of ['a\r\nb', '\0', '\x7f', '\u20ac']) assert.throws(() => writeText(new SendBuffer(), text), /must not contain/)
  const out = new SendBuffer()
  writeText(out, 'a\t\xff')
  assert.equal(out.view().toString('hex'), '036109ff')
})
