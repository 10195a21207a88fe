// Deletes pods from nodes whose NoExecute taints they do not, or no longer, tolerate.

import type { Node } from '../../api/types/core-v1.ts'
import { keyOf } from '../../client/cache/object-key.ts'
import { disruptPod } from '../../client/disrupt-pod.ts'
import { referenceTo } from '../../client/event-recorder.ts'
import { nodes, pods } from '../../client/resources.ts'
import { type Controller, done, follow } from '../controller.ts'
import { planEviction } from './eviction-plan.ts'
import { nodeController } from './node-identity.ts'
import { nodeIndex, nodeOfPod } from './node-lifecycle.ts'
import { TaintSightings } from './taint-sightings.ts'

export const taintEviction: Controller = {
  name: 'taint-eviction-controller',
  identity: nodeController,
  follows: [
    follow({ resource: pods, keys: pod => (pod.spec.nodeName === undefined ? [] : [keyOf(pod)]) }),
    follow({
      resource: nodes,
      // Also when the last of its taints is removed: a pending eviction is cancelled.
      keys: (node, { informers }, old) =>
        [...(node.spec?.taints ?? []), ...(old?.spec?.taints ?? [])].some(({ effect }) => effect === 'NoExecute')
          ? informers
              .full(pods)
              .byIndex(nodeIndex, node.metadata.name ?? '')
              .map(keyOf)
          : [],
    }),
  ],
  begin({ informers, client, clock, events }) {
    const cache = informers.full(pods)
    cache.addIndex(nodeIndex, nodeOfPod)
    const nodeCache = informers.full(nodes)
    const sightings = new TaintSightings(clock)
    const note = (node: Node) => sightings.note(node)
    nodeCache.onChange({ add: note, update: note, delete: ({ metadata }) => sightings.drop(metadata.name ?? '') })
    /** Pods that tolerate a taint for a limited time. */
    const waiting = new Set<string>()
    const cancel = (key: string): void => {
      if (!waiting.delete(key)) return
      const [namespace = '', name = ''] = key.split('/')
      const reference = { apiVersion: 'v1', kind: 'Pod', namespace, name, uid: cache.getByKey(key)?.metadata.uid ?? '' }
      events.record(reference, 'Normal', 'TaintManagerEviction', `Cancelling deletion of Pod ${key}`)
    }
    return async (key, signal) => {
      const pod = cache.getByKey(key)
      const nodeName = pod?.spec.nodeName
      if (pod === undefined) cancel(key)
      if (pod === undefined || nodeName === undefined || pod.metadata.deletionTimestamp !== undefined) return done
      const node = nodeCache.get('', nodeName)
      if (node === undefined) return done
      note(node)
      const wait = planEviction(pod, node.spec?.taints ?? [], clock.now(), taint => sightings.age(nodeName, taint))
      if (wait === undefined) {
        cancel(key)
        return done
      }
      if (wait > 0) {
        waiting.add(key)
        return { requeueAfterMs: wait }
      }
      waiting.delete(key)
      const { namespace = '', name = '' } = pod.metadata
      events.record(referenceTo(pod, 'v1', 'Pod'), 'Normal', 'TaintManagerEviction', `Marking for deletion Pod ${namespace}/${name}`)
      const target = { reason: 'DeletionByTaintManager', message: 'Taint manager: deleting due to NoExecute taint' }
      await disruptPod(client, pod, { target }, clock.now(), signal)
      return done
    }
  },
}
