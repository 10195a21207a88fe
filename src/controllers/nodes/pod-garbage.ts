// Deletes pods that nothing else deletes: of deleted nodes, never scheduled, or finished long ago.
import { read, rule } from '../../api/policy-rule.ts'
import { isReason } from '../../api/status.ts'
import type { Node, Pod } from '../../api/types/core-v1.ts'
import { keyOf } from '../../client/cache/object-key.ts'
import { disruptPod } from '../../client/disrupt-pod.ts'
import { nodes, pods } from '../../client/resources.ts'
import { type Context, type Controller, done, follow } from '../controller.ts'
import { isFinished } from '../pod-state.ts'
import { nodeIndex, nodeOfPod } from './node-lifecycle.ts'

/** A missing node may be coming back: its pods are checked again after this (upstream's quarantine). */
const quarantineMs = 40_000
const finishedIndex = 'finished'

export const podGarbage: Controller = {
  name: 'pod-garbage-collector',
  identity: {
    account: 'pod-garbage-collector',
    rules: [rule('delete list watch', 'core', 'pods'), rule(read, 'core', 'nodes'), rule('patch', 'core', 'pods/status')],
  },
  follows: [
    follow({ resource: pods, keys: pod => (pod.spec.nodeName || pod.metadata.deletionTimestamp !== undefined ? [keyOf(pod)] : []) }),
    follow({
      resource: nodes,
      keys: ({ metadata }, { informers }) => {
        const name = metadata.name ?? ''
        const node = informers.full(nodes).get('', name)
        return node === undefined || isOutOfService(node) ? informers.full(pods).byIndex(nodeIndex, name).map(keyOf) : []
      },
    }),
  ],
  begin(context) {
    const { informers, clock, settings } = context
    const cache = informers.full(pods)
    cache.addIndex(nodeIndex, nodeOfPod)
    cache.addIndex(finishedIndex, pod => (isFinished(pod) ? ['true'] : []))
    const missingSince = new Map<string, number>()
    return async (key, signal) => {
      const pod = cache.getByKey(key)
      if (pod === undefined) {
        missingSince.delete(key)
        return done
      }
      const nodeName = pod.spec.nodeName ?? ''
      if (nodeName === '') {
        if (pod.metadata.deletionTimestamp !== undefined) await remove(context, pod, undefined, signal)
        return done
      }
      const node = informers.full(nodes).get('', nodeName)
      if (node === undefined) {
        const since = missingSince.get(key) ?? clock.monotonic()
        missingSince.set(key, since)
        const left = since + quarantineMs - clock.monotonic()
        if (left > 0) return { requeueAfterMs: left }
        if (await isNodeGone(context, nodeName, signal)) await remove(context, pod, 'PodGC: node no longer exists', signal)
        return done
      }
      missingSince.delete(key)
      if (pod.metadata.deletionTimestamp !== undefined && isOutOfService(node)) await remove(context, pod, undefined, signal)
      if (!isFinished(pod)) return done
      for (const old of planFinished(cache.byIndex(finishedIndex, 'true'), settings.terminatedPodThreshold))
        await remove(context, old, undefined, signal)
      return done
    }
  },
}

/**
 * An administrator says that the node is shut down, and it does not answer: nothing of its pods runs, so that their volumes may be attached
 * elsewhere (KEP-2268).
 */
export function isOutOfService({ spec, status }: Node): boolean {
  const isReady = status?.conditions?.some(each => each.type === 'Ready' && each.status === 'True') === true
  return !isReady && spec.taints?.some(({ key }) => key === 'node.kubernetes.io/out-of-service') === true
}

/** Finished pods above the threshold, oldest first. */
export function planFinished(finished: readonly Pod[], threshold: number): readonly Pod[] {
  if (threshold <= 0 || finished.length <= threshold) return []
  const createdAt = ({ metadata }: Pod) => metadata.creationTimestamp ?? ''
  return finished.toSorted((a, b) => (createdAt(a) < createdAt(b) ? -1 : 1)).slice(0, finished.length - threshold)
}

async function isNodeGone({ client }: Context, name: string, signal: AbortSignal): Promise<boolean> {
  try {
    await client.get(nodes, '', name, signal)
    return false
  } catch (err) {
    if (isReason(err, 'NotFound')) return true
    throw err
  }
}

/**
 * No node is left to end it gracefully. An unfinished pod is marked as failed, with a reason if there is one: a Job whose finalizer keeps
 * it may wait for that.
 */
async function remove({ client, clock, log }: Context, pod: Pod, message: string | undefined, signal: AbortSignal): Promise<void> {
  const target = message === undefined ? {} : { target: { reason: 'DeletionByPodGC', message } }
  const verdict = isFinished(pod) ? {} : { phase: 'Failed' as const, ...target }
  await disruptPod(client, pod, { ...verdict, gracePeriodSeconds: 0 }, clock.now(), signal)
  log.info('pod collected', { pod: `${pod.metadata.namespace}/${pod.metadata.name}` })
}
