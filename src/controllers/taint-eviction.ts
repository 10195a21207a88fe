// Deletes pods from nodes whose NoExecute taints they do not, or no longer, tolerate.
import type { Node } from '../api/types/core-v1.ts'
import { disruptPod } from '../client/disrupt-pod.ts'
import { referenceTo } from '../client/event-recorder.ts'
import { keyOf } from '../client/object-key.ts'
import { nodes, pods } from '../client/resources.ts'
import { type Controller, done, follow } from './controller.ts'
import { planEviction } from './eviction-plan.ts'
import { nodeIndex, nodeOfPod } from './node-lifecycle.ts'
import { TaintSightings } from './taint-sightings.ts'

export const taintEviction: Controller = {
  name: 'taint-eviction-controller',
  identity: 'node-controller',
  follows: [
    follow({ resource: pods, keys: pod => (pod.spec.nodeName === undefined ? [] : [keyOf(pod)]) }),
    follow({
      resource: nodes,
      keys: (node, { informers }) =>
        (node.spec?.taints ?? []).some(({ effect }) => effect === 'NoExecute')
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
    const sightings = new TaintSightings()
    const note = (node: Node) => sightings.note(node, clock.now())
    nodeCache.onChange({ add: note, update: note, delete: ({ metadata }) => sightings.drop(metadata.name ?? '') })
    return async (key, signal) => {
      const pod = cache.getByKey(key)
      const nodeName = pod?.spec.nodeName
      if (pod === undefined || nodeName === undefined || pod.metadata.deletionTimestamp !== undefined) return done
      const node = nodeCache.get('', nodeName)
      if (node === undefined) return done
      note(node)
      const wait = planEviction(pod, node.spec?.taints ?? [], clock.now(), taint => sightings.since(nodeName, taint))
      if (wait === undefined) return done
      if (wait > 0) return { requeueAfterMs: wait }
      const { namespace = '', name = '' } = pod.metadata
      events.record(referenceTo(pod, 'v1', 'Pod'), 'Normal', 'TaintManagerEviction', `Marking for deletion Pod ${namespace}/${name}`)
      const disruption = { reason: 'DeletionByTaintManager', message: 'Taint manager: deleting due to NoExecute taint' }
      await disruptPod(client, pod, disruption, clock.now(), signal)
      return done
    }
  },
}
