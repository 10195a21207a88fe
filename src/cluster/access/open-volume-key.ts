// Has the signer open the key of a volume. A refusal is an answer, and any other failure an error.
import type { OpenVolumeKey } from '../../server/subresources/local-volume-key.ts'
import { PolicyViolation } from '../../signer/policy.ts'
import type { Signer } from '../../signer/signer.ts'

export const openVolumeKey =
  (signer: Signer): OpenVolumeKey =>
  async (request, signal) => {
    try {
      return { sealedKey: await signer.openVolumeKey(request, signal) }
    } catch (err) {
      if (err instanceof PolicyViolation) return { refused: err.message }
      throw err
    }
  }
