// The next step for a claim whose class makes volumes on nodes' disks. Pure; events are worded as upstream's external provisioner's.
import { integerValue, parseQuantity } from '../../api/quantity/quantity.ts'
import { localVolumeEncryptions, maxLocalVolumeBytes } from '../../api/resources/bulkhead/local-volume.ts'
import type { LocalVolume } from '../../api/types/bulkhead-v1alpha1.ts'
import type { PersistentVolume, PersistentVolumeClaim } from '../../api/types/core-v1.ts'
import type { StorageClass } from '../../api/types/storage-v1.ts'
import {
  claimAnnotation,
  claimUidAnnotation,
  encryptionParameter,
  keyFinalizer,
  localDriver,
  nodeFinalizer,
  volumeFinalizer,
} from '../../api/volumes/local-volume-names.ts'
import { keyOf } from '../../client/cache/object-key.ts'
import { selectedNode } from '../../client/cache/volume-match.ts'

export interface ProvisionView {
  readonly claim: PersistentVolumeClaim
  readonly storageClass: StorageClass
  /** Of the claim's name; undefined if there is none. */
  readonly localVolume: LocalVolume | undefined
  readonly hasVolume: boolean
  readonly hasNode: boolean
  /** Undefined if the claim names none. */
  readonly source: ClaimSource | undefined
  /** The chosen node is of another trust domain than the claim's namespace: users may write the annotation that chooses it. */
  readonly isForeign: boolean
  /** Why the namespace's quotas leave no room for the claim, beside the volumes and snapshots that it has. */
  whyAboveQuota(): string | undefined
}

export type ProvisionStep =
  /** Nothing to do, or something else has to happen first. */
  | { readonly step: 'wait' }
  | { readonly step: 'make'; readonly localVolume: LocalVolume }
  | { readonly step: 'publish'; readonly volume: PersistentVolume }
  /** The claim cannot have a volume as it is. */
  | { readonly step: 'refuse'; readonly message: string }
  /** Its source is not there yet. */
  | { readonly step: 'wait-for-source'; readonly message: string }
  /** The node cannot hold it: the scheduler chooses again, among the nodes that have its source. */
  | { readonly step: 'give-up'; readonly message: string; readonly sourceNode?: string }

/** What the claim is to be filled with: a snapshot, or the volume of another claim. */
export type ClaimSource =
  | { readonly state: 'ready'; readonly localVolume: LocalVolume }
  | { readonly state: 'pending'; readonly message: string }
  | { readonly state: 'refused'; readonly message: string }

const provisionerAnnotation = 'volume.kubernetes.io/storage-provisioner'

/** Whether the claim waits for a volume of a node's disk. */
export const isOurs = ({ metadata, spec }: PersistentVolumeClaim): boolean =>
  metadata.annotations?.[provisionerAnnotation] === localDriver &&
  metadata.deletionTimestamp === undefined &&
  (spec.volumeName ?? '') === ''

export const localVolumeName = ({ metadata }: PersistentVolumeClaim): string => `pvc-${metadata.uid}`

export const requestedBytes = ({ spec }: PersistentVolumeClaim): number =>
  Number(integerValue(parseQuantity(spec.resources?.requests?.['storage'] ?? '0')))

/** Of a claim or of a LocalVolume. */
const modeOf = ({ volumeMode = 'Filesystem' }: { readonly volumeMode?: string }): string => volumeMode

export function planProvision(view: ProvisionView): ProvisionStep {
  const { claim, storageClass, localVolume, hasVolume, hasNode, isForeign, source } = view
  if (hasVolume) return { step: 'wait' }
  const node = claim.metadata.annotations?.[selectedNode] ?? ''
  const message = whyRefused(claim, storageClass)
  if (message !== undefined) return { step: 'refuse', message }
  if (node === '') return { step: 'wait' }
  if (localVolume === undefined) {
    if (!hasNode) return { step: 'give-up', message: `node "${node}" not found` }
    if (isForeign) return { step: 'give-up', message: `node "${node}" belongs to another trust domain` }
    const exceeded = view.whyAboveQuota()
    if (exceeded !== undefined) return { step: 'refuse', message: exceeded }
    const made = newLocalVolume(claim, storageClass, node)
    return source === undefined ? { step: 'make', localVolume: made } : planCopy(made, source)
  }
  if (localVolume.metadata.deletionTimestamp !== undefined) return { step: 'wait' }
  if (localVolume.spec.nodeName !== node) return { step: 'give-up', message: `the volume is on node "${localVolume.spec.nodeName}"` }
  if (!hasNode) return { step: 'give-up', message: `node "${node}" not found` }
  const { phase, message: why = '' } = localVolume.status ?? {}
  if (phase === 'Failed') return { step: 'give-up', message: why }
  return phase === 'Ready' ? { step: 'publish', volume: volumeOf(claim, storageClass, localVolume) } : { step: 'wait' }
}

function planCopy(made: LocalVolume, source: ClaimSource): ProvisionStep {
  if (source.state === 'refused') return { step: 'refuse', message: source.message }
  if (source.state === 'pending') return { step: 'wait-for-source', message: source.message }
  const { metadata, spec, status } = source.localVolume
  const bytes = status?.bytes ?? spec.bytes
  if (made.spec.bytes < bytes)
    return { step: 'refuse', message: `requested size ${made.spec.bytes} is less than the size ${bytes} of the source` }
  if (modeOf(made.spec) !== modeOf(spec))
    return { step: 'refuse', message: `the source has volumeMode ${modeOf(spec)}, and the claim ${modeOf(made.spec)}` }
  if (made.spec.encryption !== spec.encryption)
    return {
      step: 'refuse',
      message: `the source has the encryption "${spec.encryption}", and the storage class "${made.spec.encryption}"`,
    }
  if (made.spec.nodeName !== spec.nodeName)
    return { step: 'give-up', message: `the source of the volume is on node "${spec.nodeName}"`, sourceNode: spec.nodeName }
  return { step: 'make', localVolume: { ...made, spec: { ...made.spec, source: metadata.name ?? '' } } }
}

const allowedModes: ReadonlySet<string> = new Set(['ReadWriteOnce', 'ReadWriteOncePod'])

function whyRefused(
  claim: PersistentVolumeClaim,
  { parameters = {}, volumeBindingMode, mountOptions = [] }: StorageClass,
): string | undefined {
  const unknown = Object.keys(parameters).find(name => name !== encryptionParameter)
  if (unknown !== undefined) return `parameter "${unknown}" of the storage class is unknown, "${encryptionParameter}" is accepted`
  const encryption = parameters[encryptionParameter] ?? 'required'
  const known: readonly string[] = localVolumeEncryptions
  if (!known.includes(encryption))
    return `parameter "${encryptionParameter}" of the storage class must be required or none, got "${encryption}"`
  if (volumeBindingMode !== 'WaitForFirstConsumer') return 'volumeBindingMode of the storage class must be WaitForFirstConsumer'
  if (mountOptions.length > 0) return 'mountOptions of the storage class are not supported'
  const { accessModes = [] } = claim.spec
  const mode = accessModes.find(each => !allowedModes.has(each))
  if (mode !== undefined) return `access mode ${mode} is not supported by volumes on one node, ReadWriteOnce and ReadWriteOncePod are`
  const bytes = requestedBytes(claim)
  return bytes > 0 && bytes <= maxLocalVolumeBytes ? undefined : `the requested size must be from 1 to ${maxLocalVolumeBytes} bytes`
}

function newLocalVolume(claim: PersistentVolumeClaim, { parameters = {} }: StorageClass, nodeName: string): LocalVolume {
  return {
    metadata: {
      name: localVolumeName(claim),
      annotations: { [claimAnnotation]: keyOf(claim), [claimUidAnnotation]: claim.metadata.uid ?? '' },
      finalizers: [keyFinalizer, nodeFinalizer],
    },
    spec: {
      ...{ nodeName, bytes: requestedBytes(claim), encryption: parameters[encryptionParameter] ?? 'required' },
      ...(modeOf(claim.spec) === 'Block' ? { volumeMode: 'Block' } : {}),
    },
  }
}

function volumeOf(claim: PersistentVolumeClaim, storageClass: StorageClass, { metadata, spec, status }: LocalVolume): PersistentVolume {
  const { name = '' } = metadata
  const { namespace = '', name: claimName = '', uid = '', resourceVersion = '' } = claim.metadata
  return {
    metadata: {
      name,
      annotations: { 'pv.kubernetes.io/provisioned-by': localDriver },
      finalizers: ['kubernetes.io/pv-protection', volumeFinalizer],
    },
    spec: {
      accessModes: claim.spec.accessModes ?? [],
      capacity: { storage: claim.spec.resources?.requests?.['storage'] ?? '0' },
      claimRef: { kind: 'PersistentVolumeClaim', apiVersion: 'v1', namespace, name: claimName, uid, resourceVersion },
      csi: {
        driver: localDriver,
        volumeHandle: name,
        ...(modeOf(spec) === 'Block' ? {} : { fsType: 'ext4' }),
        volumeAttributes: { [encryptionParameter]: status?.encryption ?? spec.encryption },
      },
      nodeAffinity: {
        required: {
          nodeSelectorTerms: [{ matchExpressions: [{ key: 'kubernetes.io/hostname', operator: 'In', values: [spec.nodeName] }] }],
        },
      },
      persistentVolumeReclaimPolicy: storageClass.reclaimPolicy ?? 'Delete',
      storageClassName: storageClass.metadata.name ?? '',
      volumeMode: modeOf(spec),
    },
  }
}
