// Header blocks of one connection, each preceded by its length in two bytes: decoded or refused with an Http2Error, within the limits, and equally by two decoders.
import assert from 'node:assert/strict'
import fc from 'fast-check'
import { type FuzzTarget, succeeds } from '../../../base/testing/fuzz-target.testing.ts'
import { Http2Error } from './frames.ts'
import { HeaderDecoder } from './header-decoder.ts'
import { fieldSize, type HeaderField } from './header-table.ts'

const limits = { bytes: 2048, fields: 20 }
/** The default limit of the table in RFC 7541. */
const maxTable = 4096

const text = fc.constantFrom('', 'a', 'x-test', ':path', 'y'.repeat(200), 'z'.repeat(5000)).map(value => stringOf(value))
/** Huffman codes: valid, too short, padded with zeros, with an end of string inside. */
const coded = fc.constantFrom(
  [0x85, 0xf2, 0xb2, 0x4a, 0x84, 0xff],
  [0x81, 0xff],
  [0x81, 0x00],
  [0x84, 0xff, 0xff, 0xff, 0xff],
  [0x82, 0x1f, 0xff],
)
const string = fc.oneof(text, coded)
const number = fc.constantFrom(0, 1, 2, 15, 31, 58, 61, 62, 63, 70, 126, 127, 4096, 4097, 2 ** 20, 2 ** 31)
const field = fc.oneof(
  number.map(value => integer(0x80, 7, value)),
  fc.tuple(fc.constantFrom(0x40, 0, 0x10), string, string).map(([first, name, value]) => [first, ...name, ...value]),
  fc.tuple(number, string).map(([name, value]) => [...integer(0x40, 6, name), ...value]),
  fc.tuple(number, string).map(([name, value]) => [...integer(0, 4, name), ...value]),
  number.map(value => integer(0x20, 5, value)),
  fc.array(fc.nat(255), { maxLength: 6 }),
)
const block = fc.array(field, { maxLength: 12 }).map(parts => {
  const bytes = parts.flat()
  return [bytes.length >> 8, bytes.length & 0xff, ...bytes]
})

function integer(first: number, bits: number, value: number): number[] {
  const most = 2 ** bits - 1
  if (value < most) return [first | value]
  const bytes = [first | most]
  let rest = value - most
  for (; rest >= 128; rest = Math.floor(rest / 128)) bytes.push((rest & 127) | 128)
  return [...bytes, rest]
}

function stringOf(value: string): number[] {
  return [...integer(0, 7, value.length), ...Buffer.from(value)]
}

export const hpack: FuzzTarget = {
  name: 'hpack',
  inputs: fc.array(block, { maxLength: 4 }).map(blocks => Uint8Array.from(blocks.flat())),
  maxBytes: 65_536,
  run(input) {
    const limited = new HeaderDecoder(limits)
    const unlimited = new HeaderDecoder()
    const sought = new HeaderDecoder()
    for (let at = 0; at + 2 <= input.length; ) {
      const start = at + 2
      const end = Math.min(input.length, start + input.readUInt16BE(at))
      at = end
      let fields: HeaderField[] = []
      const reads = succeeds(() => {
        fields = limited.decode(input, start, end)
      }, Http2Error)
      let all: HeaderField[] = []
      assert.equal(
        succeeds(() => {
          all = unlimited.decode(input, start, end)
        }, Http2Error),
        reads,
        'a limit makes nothing wrong that is right',
      )
      // A connection ends with its first invalid block.
      if (!reads) return
      assert.ok(fields.length <= limits.fields && fields.reduce((sum, one) => sum + fieldSize(one), 0) <= limits.bytes, 'beyond its limits')
      assert.deepEqual(fields, limited.isTooLarge ? all.slice(0, fields.length) : all)
      assert.ok(limited.tableSize <= maxTable, `a table of ${limited.tableSize}`)
      assert.equal(limited.tableSize, unlimited.tableSize)
      // A decoder that looks for one name may skip invalid strings of other fields.
      assert.deepEqual(
        sought.decode(input, start, end, 'x-test'),
        all.filter(({ name }) => name === 'x-test'),
      )
      assert.equal(sought.tableSize, limited.tableSize)
    }
  },
}
