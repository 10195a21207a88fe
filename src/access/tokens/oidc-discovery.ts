// The OpenID Connect documents with which others verify our ServiceAccount tokens.
import { createPublicKey } from 'node:crypto'
import { writeJson } from '../../base/write-json.ts'
import type { TokenVerificationKey } from '../authenticators/service-account-token.ts'

export interface OidcDocuments {
  /** `/.well-known/openid-configuration`, application/json. */
  readonly configuration: string
  /** `/openid/v1/jwks`, application/jwk-set+json. */
  readonly keySet: string
}

/** `keySetUri` is the URL of the key set, by default `<API address>/openid/v1/jwks`. */
export function oidcDocuments(issuer: string, keySetUri: string, keys: readonly TokenVerificationKey[]): OidcDocuments {
  const configuration = {
    issuer,
    jwks_uri: keySetUri,
    response_types_supported: ['id_token'],
    subject_types_supported: ['public'],
    id_token_signing_alg_values_supported: ['ES256'],
  }
  const keySet = keys.map(({ keyId, publicKey }) => {
    const { x, y } = createPublicKey(publicKey).export({ format: 'jwk' })
    return { use: 'sig', kty: 'EC', kid: keyId, crv: 'P-256', alg: 'ES256', x, y }
  })
  return { configuration: writeJson(configuration), keySet: writeJson({ keys: keySet }) }
}
