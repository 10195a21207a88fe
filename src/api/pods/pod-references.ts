// The objects of its namespace that a pod references in any field: its node may read them, and a node's own mirror pod may not reference
// any.
import { isJsonObject } from '../../base/json.ts'
import type { KubeObject } from '../object.ts'

export interface PodReference {
  readonly kind: 'secret' | 'configmap' | 'persistentvolumeclaim' | 'serviceaccount' | 'resourceclaim'
  readonly name: string
}

interface PodShape extends KubeObject {
  spec?: {
    serviceAccountName?: string
    imagePullSecrets?: Named[]
    initContainers?: ContainerShape[]
    containers?: ContainerShape[]
    ephemeralContainers?: ContainerShape[]
    volumes?: VolumeShape[]
    resourceClaims?: { name: string; resourceClaimName?: string }[]
  }
  status?: { resourceClaimStatuses?: { name: string; resourceClaimName?: string }[] }
}
interface Named {
  name?: string
}
interface ContainerShape {
  env?: { valueFrom?: { secretKeyRef?: Named; configMapKeyRef?: Named } }[]
  envFrom?: { secretRef?: Named; configMapRef?: Named }[]
}
interface VolumeShape {
  name: string
  secret?: { secretName?: string }
  configMap?: Named
  persistentVolumeClaim?: { claimName?: string }
  ephemeral?: unknown
  projected?: { sources?: { secret?: Named; configMap?: Named }[] }
  [source: string]: unknown
}

export function podReferences(pod: KubeObject): PodReference[] {
  const { metadata, spec = {}, status = {} }: PodShape = pod
  const found: PodReference[] = []
  const add = (kind: PodReference['kind'], name: string | undefined) => {
    if (name) found.push({ kind, name })
  }
  add('serviceaccount', spec.serviceAccountName)
  for (const secret of spec.imagePullSecrets ?? []) add('secret', secret.name)
  for (const container of [...(spec.initContainers ?? []), ...(spec.containers ?? []), ...(spec.ephemeralContainers ?? [])]) {
    for (const { valueFrom } of container.env ?? []) {
      add('secret', valueFrom?.secretKeyRef?.name)
      add('configmap', valueFrom?.configMapKeyRef?.name)
    }
    for (const from of container.envFrom ?? []) {
      add('secret', from.secretRef?.name)
      add('configmap', from.configMapRef?.name)
    }
  }
  for (const volume of spec.volumes ?? []) {
    add('secret', volume.secret?.secretName)
    add('configmap', volume.configMap?.name)
    add('persistentvolumeclaim', volume.persistentVolumeClaim?.claimName)
    // A generic ephemeral volume's claim is named after pod and volume.
    if (volume.ephemeral) add('persistentvolumeclaim', `${metadata.name ?? ''}-${volume.name}`)
    for (const part of volume.projected?.sources ?? []) {
      add('secret', part.secret?.name)
      add('configmap', part.configMap?.name)
    }
    for (const secret of volumeSecrets(volume)) add('secret', secret.name)
  }
  for (const claim of spec.resourceClaims ?? []) add('resourceclaim', claim.resourceClaimName)
  for (const claim of status.resourceClaimStatuses ?? []) add('resourceclaim', claim.resourceClaimName)
  return found
}

const secretFields = ['secretRef', 'nodePublishSecretRef', 'nodeStageSecretRef', 'nodeExpandSecretRef']

/** Secrets that a volume's driver needs on the node (CSI, iSCSI, CephFS, RBD, FlexVolume, ScaleIO, StorageOS, Azure). */
export function volumeSecrets(source: Readonly<Record<string, unknown>>): { name: string; namespace?: string }[] {
  const found: { name: string; namespace?: string }[] = []
  for (const driver of Object.values(source)) {
    if (!isJsonObject(driver)) continue
    for (const field of secretFields) {
      const reference = driver[field]
      if (isJsonObject(reference) && typeof reference['name'] === 'string') {
        found.push({
          name: reference['name'],
          ...(typeof reference['namespace'] === 'string' ? { namespace: reference['namespace'] } : {}),
        })
      }
    }
  }
  const azure = source['azureFile']
  if (isJsonObject(azure) && typeof azure['secretName'] === 'string') {
    const namespace = azure['secretNamespace']
    found.push({ name: azure['secretName'], ...(typeof namespace === 'string' ? { namespace } : {}) })
  }
  return found
}
