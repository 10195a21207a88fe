// The store's data keys, wrapped by the signer's key-encryption key, which the server never has.
import { randomBytes } from 'node:crypto'
import type { Signer } from '../signer/signer.ts'
import type { StoreHeads } from '../store/records/store-head.ts'
import type { Sealer } from '../store/store.ts'

const keyBytes = 32
const limitMs = 30_000

/** After the signal nothing waits for the signer: it may be the reason of the stop. */
export function signerSealer(signer: Signer, signal: AbortSignal): Sealer {
  const limited = () => AbortSignal.any([signal, AbortSignal.timeout(limitMs)])
  return {
    async newDataKey() {
      const key = randomBytes(keyBytes)
      const { wrapped } = await signer.wrapKey(key, limited())
      return { id: randomBytes(8).toString('hex'), key, wrapped }
    },
    unwrapDataKey: wrapped => signer.unwrapKey(wrapped, limited()),
  }
}

/** Skips the head of the store if the server cannot restore it. */
export function signerStoreHeads(signer: Signer, signal: AbortSignal): StoreHeads {
  return {
    newest: () => signer.storeHead(AbortSignal.any([signal, AbortSignal.timeout(limitMs)])),
    keep: ({ revision, digest }, until) =>
      signer.keepStoreHead({ revision, digest: Buffer.from(digest) }, AbortSignal.any([until, AbortSignal.timeout(limitMs)])),
  }
}
