import assert from 'node:assert/strict'
import { test } from 'node:test'
import { channelPorts } from './forwarded-ports.ts'

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
  test(`channelPorts() reads ${JSON.stringify(query)}`, () => {
    assert.deepEqual(channelPorts(query), ports)
  })

test('channelPorts() refuses none, and more than there are channels for', () => {
  assert.throws(() => channelPorts([]), /query parameter "ports" is required/)
  assert.throws(() => channelPorts([Array.from({ length: 33 }, () => '80').join(',')]), /has 33 ports, at most 32/)
})
