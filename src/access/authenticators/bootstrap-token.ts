// Kubernetes' bootstrap tokens: what kubeadm and others give a machine so that it can ask for its certificate. They make users without any right.
import { parseBootstrapToken } from '../../api/bootstrap-token.ts'
import type { Clock } from '../../base/clock.ts'
import type { Authentication, Authenticator } from '../access.ts'
import { bearerToken } from '../bearer-token.ts'
import { type BootstrapTokens, bootstrapTokenAuthenticator } from '../bootstrap-tokens.ts'
import { isSecretOf } from '../secret-hash.ts'

export function createBootstrapTokenAuthenticator(tokens: BootstrapTokens, clock: Clock): Authenticator {
  return {
    name: bootstrapTokenAuthenticator,
    authenticate({ authorization }): Authentication {
      const bearer = bearerToken(authorization)
      const shown = bearer.form === 'token' ? parseBootstrapToken(bearer.token) : undefined
      if (shown === undefined) return { outcome: 'no-opinion' }
      const token = tokens.find(shown.id)
      // Nobody else is asked for what has this form: a webhook must not be shown a token of the cluster's own, mistyped or expired.
      if (token === undefined || !isSecretOf(token.hash, shown.secret))
        return { outcome: 'rejected', reason: 'the bootstrap token is unknown or wrong' }
      if (token.expires !== undefined && clock.now() >= token.expires)
        return { outcome: 'rejected', reason: 'the bootstrap token has expired' }
      return token.holder
    },
  }
}
