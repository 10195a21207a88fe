// Whom a connection to a webhook, an API server of others or a backend trusts.
import type { SecureContextOptions } from 'node:tls'

/**
 * Undefined leaves it to the public authorities. Each certificate that is named is trusted as such, as Go does it: an authority that is signed by
 * another one that is not named, or the server's own certificate, will do.
 */
export function trustAnchors(authorities: string | undefined): Pick<SecureContextOptions, 'ca' | 'allowPartialTrustChain'> {
  return authorities === undefined ? {} : { ca: authorities, allowPartialTrustChain: true }
}
