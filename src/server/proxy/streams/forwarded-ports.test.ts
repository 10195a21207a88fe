import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readPorts, requireChannels } from './forwarded-ports.ts'

for (const [query, ports] of [
  [['80'], [80]],
  [
    ['80', '443'],
    [80, 443],
  ],
  [
    ['80,443', '8080'],
    [80, 443, 8080],
  ],
] as const)
  test(`readPorts() reads ${JSON.stringify(query)}`, () => {
    assert.deepEqual(readPorts(query), ports)
  })

for (const [text, reason] of [
  ['a', 'parsing "a": invalid syntax'],
  ['', 'parsing "": invalid syntax'],
  ['-1', 'parsing "-1": invalid syntax'],
  ['65536', 'parsing "65536": value out of range'],
] as const)
  test(`readPorts() refuses ${JSON.stringify(text)}`, () => {
    assert.throws(() => readPorts([`80,${text}`]), { message: `cannot convert to []int32: strconv.ParseUint: ${reason}` })
  })

test('requireChannels() refuses no ports, and more ports than channels', () => {
  assert.throws(() => requireChannels([]), /query parameter "ports" is required/)
  assert.throws(() => requireChannels(Array.from({ length: 33 }, () => 80)), /has 33 ports, at most 32/)
})
