// The pods and claims of a StatefulSet: names, identity and storage of an ordinal. Pure.

import { groupVersion } from '../../api/object.ts'
import type { StatefulSet } from '../../api/types/apps-v1.ts'
import type { PersistentVolumeClaim, Pod, PodTemplateSpec, Volume } from '../../api/types/core-v1.ts'
import type { OwnerReference } from '../../api/types/meta-v1.ts'
import { statefulSets } from '../../client/resources.ts'
import { revisionLabel } from '../controller-revision.ts'
import { controllerReference } from '../owner.ts'
import { podFromTemplate } from '../pod-control.ts'
import { canonical } from '../replicas/pod-template-hash.ts'

const podNameLabel = 'statefulset.kubernetes.io/pod-name'
const podIndexLabel = 'apps.kubernetes.io/pod-index'

export const startOrdinal = ({ spec }: StatefulSet): number => spec.ordinals?.start ?? 0

export const podName = (set: StatefulSet, ordinal: number): string => `${set.metadata.name}-${ordinal}`

/** Undefined for a pod without a name of the set. */
export function ordinalOf(set: StatefulSet, pod: Pod): number | undefined {
  const prefix = `${set.metadata.name}-`
  const name = pod.metadata.name ?? ''
  const text = name.startsWith(prefix) ? name.slice(prefix.length) : ''
  return /^(0|[1-9]\d{0,9})$/.test(text) ? Number(text) : undefined
}

export const isInRange = (set: StatefulSet, ordinal: number): boolean =>
  ordinal >= startOrdinal(set) && ordinal < startOrdinal(set) + (set.spec.replicas ?? 1)

/** `template` may be that of an older revision; name, namespace and owner are always the set's. */
export function statefulPod(set: StatefulSet, template: PodTemplateSpec, revision: string, ordinal: number): Pod {
  const pod = podFromTemplate(template, set, statefulSets)
  const labels = { ...pod.metadata.labels, [revisionLabel]: revision }
  const named = {
    ...pod,
    // As upstream's, it keeps the unused generateName.
    metadata: { ...pod.metadata, name: podName(set, ordinal), labels },
    spec: { ...pod.spec, hostname: podName(set, ordinal) },
  }
  if ((set.spec.serviceName ?? '') !== '') named.spec.subdomain = set.spec.serviceName
  return withIdentity(set, named, ordinal)
}

/** The pod with the labels and volumes of its ordinal; the same object if it has them. */
export function withIdentity(set: StatefulSet, pod: Pod, ordinal: number): Pod {
  const labels = { ...pod.metadata.labels, [podNameLabel]: podName(set, ordinal), [podIndexLabel]: `${ordinal}` }
  const volumes = withClaims(set, pod.spec.volumes ?? [], ordinal)
  if (canonical([labels, volumes]) === canonical([pod.metadata.labels, pod.spec.volumes ?? []])) return pod
  return { ...pod, metadata: { ...pod.metadata, labels }, spec: { ...pod.spec, ...(volumes.length === 0 ? {} : { volumes }) } }
}

function withClaims(set: StatefulSet, volumes: readonly Volume[], ordinal: number): Volume[] {
  const templates = set.spec.volumeClaimTemplates ?? []
  const wanted = templates.map(template => ({ name: template.metadata.name ?? '', claimName: claimName(set, template, ordinal) }))
  const has = ({ name, claimName: claim }: (typeof wanted)[number]) =>
    volumes.some(volume => volume.name === name && volume.persistentVolumeClaim?.claimName === claim)
  if (wanted.every(has)) return [...volumes]
  const others = volumes.filter(({ name }) => !wanted.some(claim => claim.name === name))
  return [
    ...wanted.map(({ name, claimName: claim }) => ({ name, persistentVolumeClaim: { claimName: claim, readOnly: false } })),
    ...others,
  ]
}

const claimName = (set: StatefulSet, template: PersistentVolumeClaim, ordinal: number): string =>
  `${template.metadata.name}-${podName(set, ordinal)}`

/** The claims of an ordinal, with the labels of the set's selector. */
export function claimsOf(set: StatefulSet, ordinal: number): PersistentVolumeClaim[] {
  return (set.spec.volumeClaimTemplates ?? []).map(template => ({
    metadata: {
      name: claimName(set, template, ordinal),
      namespace: set.metadata.namespace ?? '',
      labels: { ...template.metadata.labels, ...set.spec.selector?.matchLabels },
      ...(template.metadata.annotations === undefined ? {} : { annotations: template.metadata.annotations }),
      ...(set.spec.persistentVolumeClaimRetentionPolicy?.whenDeleted === 'Delete'
        ? { ownerReferences: [controllerReference(set, statefulSets)] }
        : {}),
    },
    spec: template.spec ?? {},
  }))
}

export interface ClaimOwners {
  /** The owners to write; undefined if they are already set. */
  readonly wanted: OwnerReference[] | undefined
  /** The retention policy does not apply, since another controller owns the claim. */
  readonly conflict: boolean
}

/** The owners with which a claim is deleted, the set or its pod, by the retention policy. */
export function claimOwners(set: StatefulSet, pod: Pod, claim: PersistentVolumeClaim, ordinal: number): ClaimOwners {
  const { whenScaled = 'Retain', whenDeleted = 'Retain' } = set.spec.persistentVolumeClaimRetentionPolicy ?? {}
  const before = claim.metadata.ownerReferences ?? []
  const setReference = controllerReference(set, statefulSets)
  const own = [setReference, podReference(pod)]
  const isNamed = (owner: OwnerReference) =>
    own.some(({ apiVersion, kind, name }) => owner.apiVersion === apiVersion && owner.kind === kind && owner.name === name)
  const isOwn = (owner: OwnerReference) => own.some(({ uid }) => owner.uid === uid)
  const conflict = (whenScaled === 'Delete' || whenDeleted === 'Delete') && before.some(owner => owner.controller === true && !isOwn(owner))
  // Of a deleted set or pod of this name: the garbage collector decides about the claim.
  if (before.some(owner => isNamed(owner) && !isOwn(owner))) return { wanted: undefined, conflict }
  const goesWithPod = whenScaled === 'Delete' && !isInRange(set, ordinal)
  const goesWithSet = whenDeleted === 'Delete' && !goesWithPod
  const added = conflict ? [] : [...(goesWithSet ? [setReference] : []), ...(goesWithPod ? [podReference(pod)] : [])]
  const wanted = [...before.filter(owner => !isOwn(owner)), ...added]
  const marks = (owners: readonly OwnerReference[]) => owners.map(({ uid, controller }) => `${uid} ${controller === true}`).sort()
  return { wanted: canonical(marks(wanted)) === canonical(marks(before)) ? undefined : wanted, conflict }
}

function podReference({ metadata }: Pod): OwnerReference {
  return {
    apiVersion: groupVersion('', 'v1'),
    kind: 'Pod',
    name: metadata.name ?? '',
    uid: metadata.uid ?? '',
    controller: true,
    blockOwnerDeletion: true,
  }
}
