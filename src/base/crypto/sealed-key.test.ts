import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openSealedKey, sealKey } from './sealed-key.ts'
import { newX25519KeyPair } from './x25519.ts'

const key = Buffer.alloc(32, 7)

test('openSealedKey() opens what sealKey() sealed for it, and nobody else does', () => {
  const reader = newX25519KeyPair()
  const sealed = sealKey(reader.publicKey, key, 'a')
  assert.deepEqual(openSealedKey(reader, sealed, 'a'), key)
  assert.throws(() => openSealedKey(newX25519KeyPair(), sealed, 'a'), /another reader/)
  assert.throws(() => openSealedKey(reader, sealed, 'b'), /another reader/)
  assert.notDeepEqual(sealKey(reader.publicKey, key, 'a'), sealed)
})

test('openSealedKey() rejects each changed bit and each length', () => {
  const reader = newX25519KeyPair()
  const sealed = sealKey(reader.publicKey, key, 'a')
  for (let at = 0; at < sealed.length; at++) {
    const changed = Buffer.from(sealed)
    // The highest bit of a point counts for nothing (RFC 7748), but it is hashed.
    changed[at] = (changed[at] ?? 0) ^ 1
    assert.throws(() => openSealedKey(reader, changed, 'a'))
    assert.throws(() => openSealedKey(reader, sealed.subarray(0, at), 'a'))
  }
})

test('sealKey() refuses other public keys and sizes', () => {
  const { publicKey } = newX25519KeyPair()
  assert.throws(() => sealKey(publicKey.subarray(1), key, 'a'), /32 bytes/)
  // A point of low order, whose shared secret everybody knows.
  assert.throws(() => sealKey(Buffer.alloc(32), key, 'a'))
  assert.throws(() => sealKey(publicKey, Buffer.alloc(0), 'a'), /1 to 64/)
  assert.throws(() => sealKey(publicKey, Buffer.alloc(65), 'a'), /1 to 64/)
})
