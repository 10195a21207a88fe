// The claims of a pod, and the volumes that they would use on a node. Pure.
import { claimNameOf } from '../../api/pods/claim-name.ts'
import { compareQuantities, parseQuantity } from '../../api/quantity/quantity.ts'
import type { PersistentVolume, PersistentVolumeClaim, Pod } from '../../api/types/core-v1.ts'
import { localDriver, sourceNodeAnnotation } from '../../api/volumes/local-volume-names.ts'
import { bindCompleted, claimClass, isOnNode, matchingVolume, selectedNode, whyNotOwn } from '../../client/cache/volume-match.ts'
import type { VolumeView } from './cluster-state.ts'
import type { NodeInfo } from './node-info.ts'

export interface PodClaims {
  /** Bound claims with the names of their volumes. */
  readonly bound: readonly PersistentVolumeClaim[]
  /** Claims that wait for the pod's node, the smallest first: they leave large volumes to those that need them. */
  readonly waiting: readonly WaitingClaim[]
}

interface WaitingClaim {
  readonly claim: PersistentVolumeClaim
  readonly candidates: readonly PersistentVolume[]
}

/** The volumes of a pod on a node. */
export interface VolumePlan {
  readonly bind: readonly { readonly claim: PersistentVolumeClaim; readonly volume: PersistentVolume }[]
  /** Claims whose volume a provisioner creates for this node. */
  readonly provision: readonly PersistentVolumeClaim[]
}

/** Undefined for a pod without claims; a string says why it fits nowhere. Both in upstream's words. */
export function podClaims(pod: Pod, volumes: VolumeView): PodClaims | string | undefined {
  const claims: PersistentVolumeClaim[] = []
  for (const volume of pod.spec.volumes ?? []) {
    const name = claimNameOf(pod, volume)
    if (name === undefined) continue
    const claim = volumes.claim(pod.metadata.namespace ?? '', name)
    if (claim === undefined) {
      return volume.ephemeral == null
        ? `persistentvolumeclaim "${name}" not found`
        : `waiting for ephemeral volume controller to create the persistentvolumeclaim "${name}"`
    }
    if (claim.status?.phase === 'Lost')
      return `persistentvolumeclaim "${name}" bound to non-existent persistentvolume "${claim.spec.volumeName ?? ''}"`
    if (claim.metadata.deletionTimestamp !== undefined) return `persistentvolumeclaim "${name}" is being deleted`
    const foreign = whyNotOwn(pod, volume, claim)
    if (foreign !== undefined) return foreign
    claims.push(claim)
  }
  const bound = claims.filter(isBound)
  const unbound = claims.filter(claim => !isBound(claim))
  if (!unbound.every(claim => waitsForConsumer(claim, volumes))) return 'pod has unbound immediate PersistentVolumeClaims'
  const waiting = unbound.map((claim): WaitingClaim => ({ claim, candidates: volumes.candidates(claim) }))
  waiting.sort((a, b) => compareQuantities(sizeOf(a.claim), sizeOf(b.claim)))
  return bound.length + waiting.length === 0 ? undefined : { bound, waiting }
}

const isBound = ({ metadata, spec }: PersistentVolumeClaim): boolean =>
  spec.volumeName !== undefined && spec.volumeName !== '' && metadata.annotations?.[bindCompleted] !== undefined

/** A claim that names its volume belongs to the binding controller. */
const waitsForConsumer = (claim: PersistentVolumeClaim, volumes: VolumeView): boolean =>
  (claim.spec.volumeName ?? '') === '' && volumes.storageClass(claimClass(claim))?.volumeBindingMode === 'WaitForFirstConsumer'

/** The volumes for the waiting claims on the node, or all reasons why the node cannot serve the pod's claims. */
export function planVolumes({ bound, waiting }: PodClaims, node: NodeInfo, volumes: VolumeView): VolumePlan | readonly string[] {
  const plan = planWaiting(waiting, node, volumes)
  const reasons = [...whyBoundElsewhere(bound, node, volumes), ...(typeof plan === 'string' ? [plan] : [])]
  return typeof plan === 'string' || reasons.length > 0 ? reasons : plan
}

const noVolume = "node(s) didn't find available persistent volumes to bind"
const noStorage = 'node(s) did not have enough free storage'
const noSource = 'node(s) do not have the source of the volume'
const noEncryption = 'node(s) cannot encrypt volumes'

function whyBoundElsewhere(bound: readonly PersistentVolumeClaim[], node: NodeInfo, volumes: VolumeView): readonly string[] {
  for (const claim of bound) {
    const volume = volumes.volume(claim.spec.volumeName ?? '')
    if (volume === undefined) return ['node(s) unavailable due to one or more pvc(s) bound to non-existent pv(s)']
    if (!isOnNode(volume, node)) return ['node(s) had volume node affinity conflict']
  }
  return []
}

/** The reason if one of them finds no volume. */
function planWaiting(waiting: readonly WaitingClaim[], node: NodeInfo, volumes: VolumeView): VolumePlan | string {
  const taken = new Set(volumes.taken)
  const bind: { claim: PersistentVolumeClaim; volume: PersistentVolume }[] = []
  const provision: PersistentVolumeClaim[] = []
  for (const { claim, candidates } of waiting) {
    const chosen = claim.metadata.annotations?.[selectedNode]
    if (chosen !== undefined && chosen !== node.name) return noVolume
    const volume = chosen === undefined ? matchingVolume(claim, candidates, { node, taken }) : undefined
    if (volume !== undefined) {
      taken.add(volume.metadata.name ?? '')
      bind.push({ claim, volume })
      continue
    }
    const storageClass = volumes.storageClass(claimClass(claim))
    if (storageClass === undefined || storageClass.provisioner === 'kubernetes.io/no-provisioner') return noVolume
    // Only that node can fill it.
    const source = storageClass.provisioner === localDriver ? claim.metadata.annotations?.[sourceNodeAnnotation] : undefined
    if (source !== undefined && source !== node.name) return noSource
    const allowed = storageClass.allowedTopologies ?? []
    if (allowed.length > 0 && !allowed.some(term => isInTopology(term, node))) return noVolume
    // Its volume may exist already, and take the room that is missing now.
    const capacity = chosen === undefined ? volumes.capacity(storageClass, node.labels) : undefined
    if (capacity?.cannotEncrypt === true) return noEncryption
    if (capacity !== undefined && compareQuantities(parseQuantity(capacity.bytes), sizeOf(claim)) < 0) return noStorage
    provision.push(claim)
  }
  return { bind, provision }
}

type TopologyTerm = NonNullable<NonNullable<ReturnType<VolumeView['storageClass']>>['allowedTopologies']>[number]

const isInTopology = ({ matchLabelExpressions = [] }: TopologyTerm, { labels }: NodeInfo): boolean =>
  matchLabelExpressions.every(({ key, values }) => values.includes(labels[key] ?? ''))

const sizeOf = ({ spec }: PersistentVolumeClaim) => parseQuantity(spec.resources?.requests?.['storage'] ?? '0')
