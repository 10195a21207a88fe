// A sealer for tests: wraps data keys with its own key, like the signer.
import { createCipheriv, createDecipheriv, createHash, randomBytes } from 'node:crypto'
import type { Sealer } from '../store.ts'

export interface TestSealer extends Sealer {
  /** Number of data keys that it created. */
  readonly made: number
}

/** Sealers with the same name can unwrap each other's keys, across restarts too. */
export function testSealer(name = 'test'): TestSealer {
  const keyEncryptionKey = createHash('sha256').update(name).digest()
  let made = 0
  return {
    async newDataKey() {
      made++
      const key = randomBytes(32)
      const nonce = randomBytes(12)
      const cipher = createCipheriv('aes-256-gcm', keyEncryptionKey, nonce)
      const wrapped = Buffer.concat([nonce, cipher.update(key), cipher.final(), cipher.getAuthTag()])
      return { id: name, key, wrapped }
    },
    async unwrapDataKey(wrapped) {
      const decipher = createDecipheriv('aes-256-gcm', keyEncryptionKey, wrapped.subarray(0, 12))
      decipher.setAuthTag(wrapped.subarray(-16))
      return Buffer.concat([decipher.update(wrapped.subarray(12, -16)), decipher.final()])
    },
    get made() {
      return made
    },
  }
}
