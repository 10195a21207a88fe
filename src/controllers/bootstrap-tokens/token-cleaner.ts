// Deletes expired bootstrap tokens.

import { isTokenSecret, tokenExpiry } from '../../api/credentials/bootstrap-token.ts'
import { recordEvents, rule } from '../../api/policy-rule.ts'
import { isReason } from '../../api/status.ts'
import { keyOf } from '../../client/cache/object-key.ts'
import { secrets } from '../../client/resources.ts'
import { type Controller, done, follow } from '../controller.ts'
import { tokenSecrets } from './token-secrets.ts'

export const tokenCleaner: Controller = {
  name: 'token-cleaner-controller',
  needs: 'bootstrapTokens',
  identity: {
    account: 'token-cleaner',
    rules: [],
    roles: [{ namespace: 'kube-system', rules: [rule('delete get list watch', 'core', 'secrets'), recordEvents] }],
  },
  follows: [follow({ resource: secrets, selection: tokenSecrets, keys: secret => [keyOf(secret)] })],
  begin({ informers, client, clock, log }) {
    const cache = informers.selected(secrets, tokenSecrets)
    return async (key, signal) => {
      const secret = cache.getByKey(key)
      const expires = secret !== undefined && isTokenSecret(secret) ? tokenExpiry(secret) : undefined
      if (secret === undefined || expires === undefined) return done
      const left = expires - clock.now()
      if (left > 0) return { requeueAfterMs: left }
      const { namespace = '', name = '', uid = '', resourceVersion = '' } = secret.metadata
      try {
        // With its resourceVersion, because its expiry may have been extended meanwhile.
        await client.delete(secrets, namespace, name, { uid, resourceVersion }, signal)
        log.info('bootstrap token expired', { secret: key })
      } catch (err) {
        // If it changed meanwhile, its event brings the key back.
        if (!isReason(err, 'NotFound') && !isReason(err, 'Conflict')) throw err
      }
      return done
    }
  },
}
