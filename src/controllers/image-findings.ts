// Tells pods what is known to be wrong with their images, and when it must be gone: by a condition, and by an event when that changes.
import type { KubeObject } from '../api/object.ts'
import { isExposed } from '../api/pods/exposure.ts'
import { recordEvents, rule } from '../api/policy-rule.ts'
import { imageName } from '../api/resources/supply/image.ts'
import { isReason } from '../api/status.ts'
import type { Pod } from '../api/types/core-v1.ts'
import type { Image } from '../api/types/supply-v1.ts'
import { formatTime } from '../base/clock.ts'
import { writeJson } from '../base/write-json.ts'
import { keyOf, splitKey } from '../client/cache/object-key.ts'
import { referenceTo } from '../client/event-recorder.ts'
import { images, ingresses, pods, services } from '../client/resources.ts'
import { type Context, type Controller, done, follow } from './controller.ts'
import { planFindings, vulnerableCondition } from './image-finding-plan.ts'
import { digestsOfPod } from './image-verdict-plan.ts'
import { isFinished } from './pod-state.ts'

const imageIndex = 'findings-image'
const imagesOf = (pod: Pod): string[] => (isFinished(pod) ? [] : digestsOfPod(pod).map(imageName))
const isVulnerable = ({ status }: Pod): boolean =>
  (status?.conditions ?? []).some(({ type, status: holds }) => type === vulnerableCondition && holds === 'True')

/** The pods of its namespace that have findings. */
const vulnerableNear = ({ metadata: { namespace = '' } }: KubeObject, { informers }: Context): string[] =>
  informers.full(pods).list(namespace).filter(isVulnerable).map(keyOf)

/** Keys are pods: `namespace/name`. */
export const imageFindings: Controller = {
  name: 'image-findings-controller',
  identity: {
    account: 'image-findings-controller',
    own: true,
    rules: [
      rule('list watch', 'core', 'pods services'),
      rule('patch', 'core', 'pods/status'),
      rule('list watch', 'networking.k8s.io', 'ingresses'),
      rule('list watch', 'supply.bulkhead.dev', 'images'),
      recordEvents,
    ],
  },
  follows: [
    follow({ resource: pods, keys: (pod, _context, old) => (old !== undefined && sameImages(pod, old) ? [] : [keyOf(pod)]) }),
    follow({
      resource: images,
      keys: (image: Image, { informers }, old) =>
        old !== undefined && writeJson(image.status?.findings) === writeJson(old.status?.findings)
          ? []
          : informers
              .full(pods)
              .byIndex(imageIndex, image.metadata.name ?? '')
              .map(keyOf),
    }),
    // What leads to a pod changes its date.
    follow({ resource: services, keys: vulnerableNear }),
    follow({ resource: ingresses, keys: vulnerableNear }),
  ],
  begin({ client, informers, clock, events }) {
    const podCache = informers.full(pods)
    podCache.addIndex(imageIndex, imagesOf)
    const imageCache = informers.full(images)
    return async (key, signal) => {
      const pod = podCache.getByKey(key)
      if (pod === undefined || pod.metadata.deletionTimestamp !== undefined || isFinished(pod)) return done
      const { namespace, name } = splitKey(key)
      const now = clock.now()
      const exposed = isExposed(pod, informers.full(services).list(namespace), informers.full(ingresses).list(namespace))
      const { condition, next } = planFindings(pod, digest => imageCache.get('', imageName(digest)), {
        exposed,
        now,
        time: formatTime(now),
      })
      const later = next === undefined ? done : { requeueAfterMs: Math.min(next - now, maxWaitMs) }
      if (condition === undefined) return later
      const { uid } = pod.metadata
      const body = { metadata: { ...(uid === undefined ? {} : { uid }) }, status: { conditions: [condition] } }
      try {
        await client.patch(pods, namespace, name, body, { type: 'strategic', subresource: 'status' }, signal)
      } catch (err) {
        // Deleted, or replaced by another of its name.
        if (isReason(err, 'NotFound') || isReason(err, 'Conflict')) return done
        throw err
      }
      if (condition.status === 'True')
        events.record(
          referenceTo(pod, 'v1', 'Pod'),
          'Warning',
          `Vulnerable${condition.reason}`,
          condition.message ?? 'It has known vulnerabilities',
        )
      return later
    }
  },
}

/** Timers of Node end after 24 days. */
const maxWaitMs = 86_400_000

function sameImages(pod: Pod, old: Pod): boolean {
  return digestsOfPod(pod).join() === digestsOfPod(old).join() && writeJson(pod.metadata.labels) === writeJson(old.metadata.labels)
}
