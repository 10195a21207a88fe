// Objects of this group that are valid, for tests.
import type { ImagePolicySpec, TrustRootSpec } from '../../types/supply-v1.ts'

/** A P-256 key whose private half nobody has. */
export const publicKey = `-----BEGIN PUBLIC KEY-----
MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEaxfR8uEsQkf4vOblY6RA8ncDfYEt
6zOg9KE5RdiYwpZP40Li/hp/m47n60p8D54WK84zV2sxXs7LtkBoN79R9Q==
-----END PUBLIC KEY-----
`

export const trustRootSpec: TrustRootSpec = { keys: [{ name: 'release', publicKey }] }

export const policySpec: ImagePolicySpec = {
  images: ['registry.example.com:5000/shop/**'],
  verify: { anyOf: [{ key: { trustRoot: 'shop', name: 'release' } }] },
}
