// Creates the claims of generic ephemeral volumes, which have the lifetime of their pod (KEP-1698).
import { read, recordEvents, rule } from '../../api/policy-rule.ts'
import type { PersistentVolumeClaim, Pod, Volume } from '../../api/types/core-v1.ts'
import { keyOf, makeKey } from '../../client/cache/object-key.ts'
import { whyNotOwn } from '../../client/cache/volume-match.ts'
import { referenceTo } from '../../client/event-recorder.ts'
import { persistentVolumeClaims, pods } from '../../client/resources.ts'
import { type Controller, done, follow } from '../controller.ts'
import { controllerReference } from '../owner.ts'
import { isNamespaceEnding } from '../pod-control.ts'
import { isFinished } from '../pod-state.ts'

export const ephemeralVolume: Controller = {
  name: 'ephemeral-volume-controller',
  eventSource: 'ephemeral_volume',
  identity: {
    account: 'ephemeral-volume-controller',
    rules: [
      rule(read, 'core', 'pods'),
      rule('update', 'core', 'pods/finalizers'),
      rule('create get list watch', 'core', 'persistentvolumeclaims'),
      recordEvents,
    ],
  },
  follows: [
    follow({ resource: pods, keys: pod => (pod.spec.volumes?.some(isEphemeral) ? [keyOf(pod)] : []) }),
    follow({
      resource: persistentVolumeClaims,
      keys: ({ metadata: { namespace = '', ownerReferences } }) =>
        (ownerReferences ?? []).flatMap(({ kind, name }) => (kind === 'Pod' ? [makeKey(namespace, name)] : [])),
    }),
  ],
  begin({ client, informers, events }) {
    const podCache = informers.full(pods)
    const claims = informers.full(persistentVolumeClaims)
    return async (key, signal) => {
      const pod = podCache.getByKey(key)
      const volumes = pod?.spec.volumes?.filter(isEphemeral)
      if (pod === undefined || volumes === undefined || volumes.length === 0) return done
      if (pod.metadata.deletionTimestamp !== undefined || isFinished(pod)) return done
      const { namespace = '' } = pod.metadata
      for (const volume of volumes) {
        const claim = claimFor(pod, volume)
        const there = claims.get(namespace, claim.metadata.name ?? '')
        if (there !== undefined) {
          const foreign = whyNotOwn(pod, volume, there)
          if (foreign === undefined) continue
          throw new Error(foreign)
        }
        try {
          await client.create(persistentVolumeClaims, namespace, claim, signal)
        } catch (err) {
          if (isNamespaceEnding(err)) return done
          const message = `ephemeral volume ${volume.name}: create PVC ${claim.metadata.name}: ${err instanceof Error ? err.message : String(err)}`
          events.record(referenceTo(pod, 'v1', 'Pod'), 'Warning', 'FailedBinding', message)
          throw err
        }
      }
      return done
    }
  },
}

const isEphemeral = ({ ephemeral }: Volume): boolean => ephemeral?.volumeClaimTemplate != null

function claimFor(pod: Pod, { name, ephemeral }: Volume): PersistentVolumeClaim {
  const { metadata, spec } = ephemeral?.volumeClaimTemplate ?? { spec: {} }
  return {
    metadata: {
      name: `${pod.metadata.name}-${name}`,
      namespace: pod.metadata.namespace ?? '',
      ...(metadata?.labels && { labels: metadata.labels }),
      ...(metadata?.annotations && { annotations: metadata.annotations }),
      ownerReferences: [controllerReference(pod, pods)],
    },
    spec,
  }
}
