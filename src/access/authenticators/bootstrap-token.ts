// Kubernetes' bootstrap tokens, with which kubeadm and others let a machine request its certificate. Their users have no rights by
// themselves.
import { parseBootstrapToken } from '../../api/credentials/bootstrap-token.ts'
import type { Clock } from '../../base/clock.ts'
import type { Authenticator } from '../access.ts'
import { bearerToken } from '../bearer-token.ts'
import { type BootstrapTokens, bootstrapTokenAuthenticator } from '../credentials/bootstrap-tokens.ts'
import { isSecretOf } from '../credentials/secret-hash.ts'

export function createBootstrapTokenAuthenticator(tokens: BootstrapTokens, clock: Clock): Authenticator {
  return {
    name: bootstrapTokenAuthenticator,
    async authenticate({ authorization }) {
      const bearer = bearerToken(authorization)
      const shown = bearer.form === 'token' ? parseBootstrapToken(bearer.token) : undefined
      if (shown === undefined) return { outcome: 'no-opinion' }
      const token = tokens.find(shown.id)
      // Tokens of this form go to no other authenticator: a webhook must not see a mistyped or expired token of the cluster.
      if (token === undefined || !isSecretOf(token.hash, shown.secret))
        return { outcome: 'rejected', reason: 'the bootstrap token is unknown or wrong' }
      if (token.expires !== undefined && clock.now() >= token.expires)
        return { outcome: 'rejected', reason: 'the bootstrap token has expired' }
      return token.holder
    },
  }
}
