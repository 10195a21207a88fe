// Removes obsolete certificate requests.

import { isReason } from '../../api/status.ts'
import { certificateSigningRequests } from '../../client/resources.ts'
import { type Controller, done } from '../controller.ts'
import { certificateController } from './certificate-identity.ts'
import { isStale } from './certificate-rules.ts'

/** Ages are measured in hours. */
const recheckMs = 3_600_000

export const csrCleaner: Controller = {
  name: 'csrcleaner-controller',
  identity: certificateController,
  watches: certificateSigningRequests,
  workers: 1,
  begin({ client, clock, informers }) {
    const cache = informers.full(certificateSigningRequests)
    return async (key, signal) => {
      const request = cache.getByKey(key)
      if (request === undefined) return done
      if (!isStale(request, clock.now())) return { requeueAfterMs: recheckMs }
      try {
        await client.delete(certificateSigningRequests, '', key, {}, signal)
      } catch (err) {
        if (!isReason(err, 'NotFound')) throw err
      }
      return done
    }
  },
}
