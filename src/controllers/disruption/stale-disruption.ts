// Removes the condition that a pod is about to be disrupted if it was not.

import { isReason } from '../../api/status.ts'
import { formatTime } from '../../base/clock.ts'
import { keyOf } from '../../client/cache/object-key.ts'
import { pods } from '../../client/resources.ts'
import { type Controller, done, follow } from '../controller.ts'
import { isActive, podCondition } from '../pod-state.ts'
import { disruptionController } from './disruption-identity.ts'
import { deletionTimeoutMs } from './disruption-plan.ts'

export const staleDisruption: Controller = {
  name: 'stale-pod-disruption',
  identity: disruptionController,
  follows: [follow({ resource: pods, keys: pod => (podCondition(pod, 'DisruptionTarget') === undefined ? [] : [keyOf(pod)]) })],
  workers: 1,
  begin({ informers, client, clock }) {
    const cache = informers.full(pods)
    return async (key, signal) => {
      const pod = cache.getByKey(key)
      const condition = pod && isActive(pod) ? podCondition(pod, 'DisruptionTarget') : undefined
      // The node ends a pod in its own time, and sets the condition first.
      if (pod === undefined || condition?.status !== 'True' || condition.reason === 'TerminationByKubelet') return done
      const now = clock.now()
      const left = (Date.parse(condition.lastTransitionTime ?? '') || 0) + deletionTimeoutMs - now
      if (left > 0) return { requeueAfterMs: left }
      const { namespace = '', name = '', uid } = pod.metadata
      const body = {
        metadata: { uid },
        status: {
          conditions: [{ type: 'DisruptionTarget', status: 'False', reason: null, message: null, lastTransitionTime: formatTime(now) }],
        },
      }
      try {
        await client.patch(pods, namespace, name, body, { type: 'strategic', subresource: 'status' }, signal)
      } catch (err) {
        if (!isReason(err, 'NotFound')) throw err
      }
      return done
    }
  },
}
