// Tells pods what the policies say of their images: nodes start no container of a pod whose image is refused.
import { imagesAnnotation } from '../api/pods/admitted-images.ts'
import { recordEvents, rule } from '../api/policy-rule.ts'
import { imageName } from '../api/resources/supply/image.ts'
import { isReason } from '../api/status.ts'
import type { Pod } from '../api/types/core-v1.ts'
import type { Image } from '../api/types/supply-v1.ts'
import { formatTime } from '../base/clock.ts'
import { keyOf, splitKey } from '../client/cache/object-key.ts'
import { referenceTo } from '../client/event-recorder.ts'
import { images, pods } from '../client/resources.ts'
import { type Controller, done, follow } from './controller.ts'
import { digestsOfPod, planCondition } from './image-verdict-plan.ts'
import { isFinished } from './pod-state.ts'

const imageIndex = 'supply-image'
const imagesOf = (pod: Pod): string[] => (isFinished(pod) ? [] : digestsOfPod(pod).map(imageName))

/** Keys are pods: `namespace/name`. */
export const imageVerdicts: Controller = {
  name: 'image-verdict-controller',
  identity: {
    account: 'image-verdict-controller',
    own: true,
    rules: [
      rule('list watch', 'core', 'pods'),
      rule('patch', 'core', 'pods/status'),
      rule('list watch', 'supply.bulkhead.dev', 'images'),
      recordEvents,
    ],
  },
  follows: [
    follow({ resource: pods, keys: (pod, _context, old) => (old !== undefined && sameImages(pod, old) ? [] : [keyOf(pod)]) }),
    follow({
      resource: images,
      keys: (image: Image, { informers }) =>
        informers
          .full(pods)
          .byIndex(imageIndex, image.metadata.name ?? '')
          .map(keyOf),
    }),
  ],
  begin({ client, informers, clock, events }) {
    const podCache = informers.full(pods)
    podCache.addIndex(imageIndex, imagesOf)
    const imageCache = informers.full(images)
    return async (key, signal) => {
      const pod = podCache.getByKey(key)
      if (pod === undefined || pod.metadata.deletionTimestamp !== undefined || isFinished(pod)) return done
      const condition = planCondition(pod, digest => imageCache.get('', imageName(digest)), formatTime(clock.now()))
      if (condition === undefined) return done
      const { namespace, name } = splitKey(key)
      const { uid } = pod.metadata
      const body = { metadata: { ...(uid === undefined ? {} : { uid }) }, status: { conditions: [condition] } }
      try {
        await client.patch(pods, namespace, name, body, { type: 'strategic', subresource: 'status' }, signal)
      } catch (err) {
        // Deleted, or replaced by another of its name.
        if (isReason(err, 'NotFound') || isReason(err, 'Conflict')) return done
        throw err
      }
      if (condition.status === 'False')
        events.record(referenceTo(pod, 'v1', 'Pod'), 'Warning', 'ImageRefused', condition.message ?? 'An image is refused')
      return done
    }
  },
}

/** Most changes of a pod are of its status; then only a digest that the node has reported matters. */
function sameImages(pod: Pod, old: Pod): boolean {
  return (
    pod.metadata.annotations?.[imagesAnnotation] === old.metadata.annotations?.[imagesAnnotation] &&
    digestsOfPod(pod).join() === digestsOfPod(old).join()
  )
}
