import assert from 'node:assert/strict'
import { test } from 'node:test'
import { decodeHuffman } from './huffman.ts'

const decode = (hex: string) => {
  const bytes = Buffer.from(hex, 'hex')
  return decodeHuffman(bytes, 0, bytes.length)
}

/** RFC 7541, C.4 and C.6. */
const known = [
  ['f1e3c2e5f23a6ba0ab90f4ff', 'www.example.com'],
  ['a8eb10649cbf', 'no-cache'],
  ['25a849e95ba97d7f', 'custom-key'],
  ['25a849e95bb8e8b4bf', 'custom-value'],
  ['6402', '302'],
  ['640eff', '307'],
  ['aec3771a4b', 'private'],
  ['9bd9ab', 'gzip'],
  ['d07abe941054d444a8200595040b8166e082a62d1bff', 'Mon, 21 Oct 2013 20:13:21 GMT'],
  ['9d29ad171863c78f0b97c8e9ae82ae43d3', 'https://www.example.com'],
  ['', ''],
] as const

for (const [hex, text] of known) test(`decodeHuffman() reads ${JSON.stringify(text)}`, () => assert.equal(decode(hex), text))

test('decodeHuffman() reads only its part of the buffer', () => {
  const bytes = Buffer.from('ff6402ff', 'hex')
  assert.equal(decodeHuffman(bytes, 1, 3), '302')
})

test('decodeHuffman() accepts up to seven ones of padding, and nothing else', () => {
  assert.equal(decode('07'), '0')
  assert.throws(() => decode('00'), /invalid padding/)
  assert.throws(() => decode('07ff'), /invalid padding/)
  assert.throws(() => decode('ff'), /invalid padding/)
})

test('decodeHuffman() refuses the end-of-string code within a string', () => {
  assert.throws(() => decode('ffffffff'), /end-of-string/)
  assert.throws(() => decode('07ffffffff'), /end-of-string/)
})
