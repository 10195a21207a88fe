// The store's data keys, wrapped by the signer's key-encryption key: the server never has that one.
import { randomBytes } from 'node:crypto'
import type { Signer } from '../signer/signer.ts'
import type { Sealer } from '../store/store.ts'

const keyBytes = 32
const limitMs = 30_000

export function signerSealer(signer: Signer): Sealer {
  return {
    async newDataKey() {
      const key = randomBytes(keyBytes)
      const { wrapped } = await signer.wrapKey(key, AbortSignal.timeout(limitMs))
      return { id: randomBytes(8).toString('hex'), key, wrapped }
    },
    unwrapDataKey: wrapped => signer.unwrapKey(wrapped, AbortSignal.timeout(limitMs)),
  }
}
