// Takes the tracking finalizer off the pods of Jobs, and remembers it until the cache shows it.
import { isReason } from '../../api/status.ts'
import type { Pod } from '../../api/types/core-v1.ts'
import { makeKey } from '../../client/cache/object-key.ts'
import { jobs, pods } from '../../client/resources.ts'
import type { Context } from '../controller.ts'
import { hasFinalizer } from '../finalizer.ts'
import { controllerOf } from '../owner.ts'
import { controllerKey } from '../pod-expectations.ts'
import { jobTrackingFinalizer } from './job-pods.ts'

const trackedIndex = 'job-tracking'
const jobNameLabel = 'batch.kubernetes.io/job-name'

/** The job that a tracked pod belongs to, or did before it lost its controller. One that no label names is looked for under the pod's own name. */
export function trackingJobKey(pod: Pod): string | undefined {
  if (!hasFinalizer(pod, jobTrackingFinalizer)) return undefined
  if (controllerOf(pod) !== undefined) return controllerKey(pod, jobs)
  const { namespace = '', name = '', labels } = pod.metadata
  return makeKey(namespace, labels?.[jobNameLabel] ?? name)
}

export class TrackedPods {
  readonly #context: Context
  readonly #released = new Set<string>()

  constructor(context: Context) {
    this.#context = context
    const cache = context.informers.full(pods)
    cache.addIndex(trackedIndex, pod => {
      const key = trackingJobKey(pod)
      return key === undefined ? [] : [key]
    })
    const seen = (pod: Pod) => this.#released.delete(pod.metadata.uid ?? '')
    cache.onChange({
      update: pod => {
        if (!hasFinalizer(pod, jobTrackingFinalizer)) seen(pod)
      },
      delete: seen,
    })
  }

  /** Uids of pods that the cache may still show with the finalizer. */
  get released(): ReadonlySet<string> {
    return this.#released
  }

  of(jobKey: string): readonly Pod[] {
    return this.#context.informers.full(pods).byIndex(trackedIndex, jobKey)
  }

  /** Resolves when it is removed, or the pod is gone. Other concurrent changes of the pod, such as its deletion, do not matter. */
  async release(pod: Pod, signal: AbortSignal): Promise<void> {
    const { namespace = '', name = '', uid = '' } = pod.metadata
    if (this.#released.has(uid) || !hasFinalizer(pod, jobTrackingFinalizer)) return
    const metadata = { uid, '$deleteFromPrimitiveList/finalizers': [jobTrackingFinalizer] }
    // Said before it is sent: the cache may see the change before the answer is here.
    this.#released.add(uid)
    try {
      await this.#context.client.patch(pods, namespace, name, { metadata }, { type: 'strategic' }, signal)
      if (this.#context.informers.full(pods).get(namespace, name)?.metadata.uid !== uid) this.#released.delete(uid)
    } catch (err) {
      this.#released.delete(uid)
      if (!isReason(err, 'NotFound')) throw err
    }
  }
}
