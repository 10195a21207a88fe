// The path on this node of a claim's volume. Checks and texts are the kubelet's.
import { claimNameOf } from '../../api/pods/claim-name.ts'
import type { PersistentVolume, PersistentVolumeClaim, Pod, Volume } from '../../api/types/core-v1.ts'
import { selectable } from '../../client/cache/node-selection.ts'
import { isOnNode, whyNotOwn } from '../../client/cache/volume-match.ts'
import type { Client } from '../../client/client.ts'
import { nodes, persistentVolumeClaims, persistentVolumes } from '../../client/resources.ts'

/** Reads claims of this node's pods; a node may read no others. */
export interface ClaimSource {
  /** The volume that the pod's claim is bound to. Rejects if the claim is unbound, on another node, or another pod's. */
  volume(pod: Pod, volume: Volume, signal: AbortSignal): Promise<PersistentVolume>
}

export function claimSource(client: Client, nodeName: string): ClaimSource {
  return {
    async volume(pod, podVolume, signal) {
      const { namespace = '' } = pod.metadata
      const claimName = claimNameOf(pod, podVolume) ?? ''
      const claim = await client.get(persistentVolumeClaims, namespace, claimName, signal)
      const foreign = whyNotOwn(pod, podVolume, claim)
      if (foreign !== undefined) throw new Error(foreign)
      const volume = await client.get(persistentVolumes, '', boundTo(claim), signal)
      const { claimRef } = volume.spec
      if (claimRef == null) throw new Error(`PV ${volume.metadata.name} has nil ClaimRef field, indicating it is not yet bound`)
      if (claimRef.uid !== claim.metadata.uid) {
        throw new Error(`found PV object "${volume.metadata.name}" bound to another claim than "${namespace}/${claimName}"`)
      }
      const node = await client.get(nodes, '', nodeName, signal)
      if (!isOnNode(volume, selectable(node))) throw new Error(`node affinity of volume "${volume.metadata.name}" does not match this node`)
      return volume
    },
  }
}

function boundTo({ metadata, spec, status }: PersistentVolumeClaim): string {
  if (metadata.deletionTimestamp !== undefined) throw new Error(`PVC ${metadata.namespace}/${metadata.name} is being deleted`)
  const { volumeName = '' } = spec
  if (status?.phase !== 'Bound' || volumeName === '') throw new Error(`PVC ${metadata.namespace}/${metadata.name} is not bound`)
  return volumeName
}
