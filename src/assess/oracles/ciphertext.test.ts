import assert from 'node:assert/strict'
import { createCipheriv, createHash, randomBytes } from 'node:crypto'
import { test } from 'node:test'
import { brotliCompressSync, deflateRawSync, gzipSync, zstdCompressSync } from 'node:zlib'
import { decompressed, type Sealed, weaknesses } from './ciphertext.ts'

const text = (name: string): Buffer =>
  Buffer.from(JSON.stringify({ kind: 'ConfigMap', metadata: { name }, data: { value: 'A'.repeat(8000) } }))

type Encrypt = (plain: Buffer, index: number) => Buffer

const nonce = (index: number): Buffer => {
  const bytes = Buffer.alloc(12)
  bytes.writeUInt32LE(index, 0)
  return bytes
}

function aes(plain: Buffer, index: number, key: Buffer): Buffer {
  const cipher = createCipheriv('aes-256-gcm', key, nonce(index))
  cipher.setAAD(Buffer.alloc(0))
  return Buffer.concat([nonce(index), cipher.update(plain), cipher.final(), cipher.getAuthTag()])
}

/** Twenty records, ten by each of two keys, as a store has them after a restart. */
function store(encrypt: Encrypt): Sealed[] {
  return Array.from({ length: 20 }, (_, index) => ({
    ...{ name: `record ${index}`, key: index < 10 ? 1 : 2, associated: Buffer.alloc(0) },
    bytes: encrypt(text(`object-${index}`), index),
  }))
}

const keys = [randomBytes(32), randomBytes(32)]
const keyOf = (index: number): Buffer => keys[index < 10 ? 0 : 1] ?? Buffer.alloc(0)
const framed = (index: number, body: Buffer): Buffer => Buffer.concat([nonce(index), body, randomBytes(16)])

test('weaknesses() finds none in AES-GCM with a key of its own for each run', () => {
  assert.deepEqual(weaknesses(store((plain, index) => aes(plain, index % 10, keyOf(index)))), [])
})

const weak: readonly { readonly name: string; readonly encrypt: Encrypt; readonly pattern: RegExp }[] = [
  {
    name: 'nothing',
    encrypt: (plain, index) => framed(index, plain),
    pattern: /one key stream[\s\S]*repeats encrypted bytes[\s\S]*does not look random/,
  },
  { name: 'base64', encrypt: (plain, index) => framed(index, Buffer.from(plain.toString('base64'))), pattern: /does not look random/ },
  {
    name: 'XOR with one byte',
    encrypt: (plain, index) => framed(index, plain.map(byte => byte ^ 0x5a) as Buffer),
    pattern: /one key stream/,
  },
  {
    name: 'XOR with a key',
    encrypt: (plain, index) => framed(index, Buffer.from(plain.map((byte, at) => byte ^ (keyOf(0)[at % 32] ?? 0)))),
    pattern: /repeats encrypted bytes/,
  },
  {
    name: 'one nonce',
    encrypt: (plain, index) => aes(plain, 0, keyOf(index)),
    pattern: /record 0 and record 1 have the same key and nonce/,
  },
  {
    name: 'one key for all runs',
    encrypt: (plain, index) => aes(plain, index % 10, keyOf(0)),
    pattern: /record 0 and record 10 are encrypted with one key stream/,
  },
  { name: 'a key of zeros', encrypt: (plain, index) => aes(plain, index, Buffer.alloc(32)), pattern: /the key of bytes 0 opens record 0/ },
  {
    name: 'a key from a known text',
    encrypt: (plain, index) => aes(plain, index, createHash('sha256').update('bulkhead').digest()),
    pattern: /the digest of "bulkhead" opens record 0/,
  },
]
for (const { name, encrypt, pattern } of weak) {
  test(`weaknesses() finds encryption by ${name}`, () => assert.match(weaknesses(store(encrypt)).join('\n'), pattern))
}

const formats = { gzip: gzipSync, deflate: deflateRawSync, brotli: brotliCompressSync, zstd: zstdCompressSync }
for (const [format, compress] of Object.entries(formats)) {
  test(`decompressed() opens ${format}`, () => {
    const plain = text('one')
    assert.ok(decompressed(compress(plain)).some(opened => opened.equals(plain)))
  })
}
