// The requests of the Node service for a volume of a pod, as the kubelet forms them. Pure.
// https://github.com/kubernetes/kubernetes/blob/v1.34.0/pkg/volume/csi/csi_mounter.go
import { createHash } from 'node:crypto'
import type { PersistentVolume, Pod, Volume } from '../../api/types/core-v1.ts'
import type { CSIDriver } from '../../api/types/storage-v1.ts'
import { csiAccessMode } from '../../base/csi/access-mode.ts'
import type { CsiWritten } from '../../base/csi/csi-methods.ts'
import { UserError } from '../../base/user-error.ts'
import { writeJson } from '../../base/write-json.ts'
import type { NodeAbility } from './csi-drivers.ts'

/** A volume of a pod that a CSI driver provides. */
export interface CsiVolume {
  readonly driver: string
  readonly volumeId: string
  readonly isInline: boolean
  readonly isBlock: boolean
  readonly readOnly: boolean
  readonly fsType: string
  readonly mountOptions: readonly string[]
  readonly accessModes: readonly string[]
  readonly attributes: Readonly<Record<string, string>>
  /** Names what a target path has, as upstream: the PersistentVolume or the pod's volume. */
  readonly pathName: string
  readonly stageSecret?: SecretName
  readonly publishSecret?: SecretName
  readonly expandSecret?: SecretName
}

export interface SecretName {
  readonly namespace: string
  readonly name: string
}

const secretName = (reference: { namespace?: string; name?: string } | undefined, namespace = ''): SecretName | undefined =>
  reference?.name === undefined ? undefined : { namespace: reference.namespace ?? namespace, name: reference.name }

/** Throws a UserError if the PersistentVolume is none of CSI. */
export function persistentCsiVolume(volume: PersistentVolume, podVolume: Volume): CsiVolume {
  const { csi, accessModes, mountOptions, volumeMode } = volume.spec
  if (csi == null) throw new UserError(`persistent volume "${volume.metadata.name}" is not of a CSI driver`)
  const stageSecret = secretName(csi.nodeStageSecretRef)
  const publishSecret = secretName(csi.nodePublishSecretRef)
  const expandSecret = secretName(csi.nodeExpandSecretRef)
  return {
    driver: csi.driver,
    volumeId: csi.volumeHandle,
    isInline: false,
    isBlock: volumeMode === 'Block',
    readOnly: csi.readOnly === true || podVolume.persistentVolumeClaim?.readOnly === true,
    fsType: csi.fsType ?? '',
    mountOptions: mountOptions ?? [],
    accessModes: accessModes ?? [],
    attributes: csi.volumeAttributes ?? {},
    pathName: volume.metadata.name ?? podVolume.name,
    ...(stageSecret === undefined ? {} : { stageSecret }),
    ...(publishSecret === undefined ? {} : { publishSecret }),
    ...(expandSecret === undefined ? {} : { expandSecret }),
  }
}

/** Throws a UserError if the volume is no inline volume. */
export function inlineCsiVolume(pod: Pod, { name, csi }: Volume): CsiVolume {
  if (csi == null) throw new UserError(`volume "${name}" is not of a CSI driver`)
  const publishSecret = secretName(csi.nodePublishSecretRef, pod.metadata.namespace)
  return {
    driver: csi.driver,
    // Upstream's, so that a driver's records agree.
    volumeId: `csi-${createHash('sha256')
      .update(`${pod.metadata.uid ?? ''}${name}`)
      .digest('hex')}`,
    isInline: true,
    isBlock: false,
    readOnly: csi.readOnly === true,
    fsType: csi.fsType ?? '',
    mountOptions: [],
    accessModes: ['ReadWriteOnce'],
    attributes: csi.volumeAttributes ?? {},
    pathName: name,
    ...(publishSecret === undefined ? {} : { publishSecret }),
  }
}

/** Why the driver may not serve the volume; undefined if it may. A driver without a CSIDriver object has persistent volumes only. */
export function modeRefusal({ driver, isInline }: CsiVolume, object: CSIDriver | undefined): string | undefined {
  const modes = object?.spec.volumeLifecycleModes ?? ['Persistent']
  const mode = isInline ? 'Ephemeral' : 'Persistent'
  if (modes.includes(mode)) return undefined
  return `volume mode "${mode}" not supported by driver ${driver} (only supports ${writeJson(modes)})`
}

export const needsAttachment = ({ isInline }: CsiVolume, object: CSIDriver | undefined): boolean =>
  !isInline && object?.spec.attachRequired !== false

type Capability = CsiWritten<'VolumeCapability'>

/** `group`: the pod's fsGroup, if the driver gives it to the volume itself. */
export function capabilityOf(volume: CsiVolume, can: ReadonlySet<NodeAbility>, group: number | undefined): Capability {
  const accessMode = { mode: csiAccessMode(volume.accessModes[0], can.has('SINGLE_NODE_MULTI_WRITER')) }
  if (volume.isBlock) return { block: {}, accessMode }
  const { fsType, mountOptions } = volume
  return { mount: { fsType, mountFlags: mountOptions, ...(group === undefined ? {} : { volumeMountGroup: String(group) }) }, accessMode }
}

export const tokensKey = 'csi.storage.k8s.io/serviceAccount.tokens'

/** The context of NodePublishVolume; `tokens` is the text for `tokensKey`. */
export function publishedContext(
  volume: CsiVolume,
  object: CSIDriver | undefined,
  pod: Pod,
  tokens: string | undefined,
): Readonly<Record<string, string>> {
  const { name = '', namespace = '', uid = '' } = pod.metadata
  const info: Readonly<Record<string, string>> =
    object?.spec.podInfoOnMount === true
      ? {
          'csi.storage.k8s.io/pod.name': name,
          'csi.storage.k8s.io/pod.namespace': namespace,
          'csi.storage.k8s.io/pod.uid': uid,
          'csi.storage.k8s.io/serviceAccount.name': pod.spec.serviceAccountName ?? '',
          'csi.storage.k8s.io/ephemeral': String(volume.isInline),
        }
      : {}
  // What an author of a pod writes must not pass for the node's word.
  const given = Object.fromEntries(
    Object.entries(volume.attributes).filter(([key]) => !key.startsWith('csi.storage.k8s.io/') || !volume.isInline),
  )
  return { ...given, ...info, ...(tokens === undefined ? {} : { [tokensKey]: tokens }) }
}

/** How the pod's fsGroup reaches the volume's files. */
export function groupWork(
  volume: CsiVolume,
  object: CSIDriver | undefined,
  { spec }: Pod,
  can: ReadonlySet<NodeAbility>,
): { readonly by: 'driver' | 'agent'; readonly group: number } | undefined {
  const group = spec.securityContext?.fsGroup
  if (group === undefined || volume.isBlock) return undefined
  const policy = object?.spec.fsGroupPolicy ?? 'ReadWriteOnceWithFSType'
  if (policy === 'None') return undefined
  if (can.has('VOLUME_MOUNT_GROUP')) return { by: 'driver', group }
  if (volume.readOnly) return undefined
  const isOnce = volume.accessModes.some(mode => mode === 'ReadWriteOnce' || mode === 'ReadWriteOncePod')
  return policy === 'File' || (isOnce && volume.fsType !== '') ? { by: 'agent', group } : undefined
}
