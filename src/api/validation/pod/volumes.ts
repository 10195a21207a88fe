// Validation of a pod's volumes: one source each, and the rules of every source.

import { duplicate, type FieldError, forbiddenField, invalidValue, required } from '../../field-error.ts'
import { goQuote } from '../../go-text/go-quote.ts'
import type { ObjectMeta } from '../../object.ts'
import type { ConfigMapVolumeSource, SecretVolumeSource, Volume } from '../../types/core-v1.ts'
import { validateClaimTemplate } from '../claim-spec.ts'
import { validateCsiDriverName } from '../csi-driver-name.ts'
import { dns1123Label, nameIsDnsSubdomain } from '../names.ts'
import { pushMessages } from '../object-meta.ts'
import { compareAmounts } from '../quantities.ts'
import { validateDescendingPath, validateFileMode, validateKeyToPath } from './paths-in-volumes.ts'
import { validateDownwardApiFile, validateProjectedVolume } from './projected-volume.ts'
import { type SourceKind, type SourcePlace, sourceKindsOf } from './source-kind.ts'
import {
  exceedsIscsiLength,
  iscsiLengthMessage,
  requireFields,
  validateAzureDisk,
  validateFibreChannel,
  validateFlexOptions,
  validateFlocker,
  validateHostPath,
  validateIscsi,
  validateNfs,
  validatePartition,
  validateQuobyte,
  validateSecretReference,
  validateStorageOs,
} from './volume-sources.ts'

/** What a source's rules may know beside the source. */
interface VolumePlace extends SourcePlace {
  /** The pod's name; undefined in templates, whose pods have no name yet. */
  readonly podName: string | undefined
}

const source = sourceKindsOf<Volume, VolumePlace>()

/** In upstream's order; some paths keep upstream's historical spelling. */
const sources: readonly SourceKind<Volume, VolumePlace>[] = [
  source('emptyDir', (emptyDir, path, errors) => {
    if (emptyDir.sizeLimit !== undefined && compareAmounts(emptyDir.sizeLimit, '0') < 0) {
      errors.push(forbiddenField(`${path}.sizeLimit`, 'SizeLimit field must be a valid resource quantity'))
    }
  }),
  source('hostPath', validateHostPath),
  source('gitRepo', (gitRepo, path, errors) => {
    requireFields(gitRepo, path, errors, 'repository')
    validateDescendingPath(gitRepo.directory ?? '', `${path}.directory`, errors)
  }),
  source(
    'gcePersistentDisk',
    (disk, path, errors) => {
      requireFields(disk, path, errors, 'pdName')
      validatePartition(disk.partition, path, errors)
    },
    { path: 'persistentDisk' },
  ),
  source('awsElasticBlockStore', (disk, path, errors) => {
    requireFields(disk, path, errors, 'volumeID')
    validatePartition(disk.partition, path, errors)
  }),
  source('secret', (secret, path, errors) => {
    requireFields(secret, path, errors, 'secretName')
    validateItems(secret, path, errors)
  }),
  source('nfs', validateNfs),
  source('iscsi', (iscsi, path, errors) => {
    validateIscsi(iscsi, { wrongPrefix: 'must be valid format starting with iqn, eui, or naa' }, path, errors)
  }),
  source('glusterfs', (glusterfs, path, errors) => requireFields(glusterfs, path, errors, 'endpoints', 'path')),
  source('flocker', validateFlocker),
  source('persistentVolumeClaim', (claim, path, errors) => requireFields(claim, path, errors, 'claimName')),
  source('rbd', (rbd, path, errors) => requireFields(rbd, path, errors, 'monitors', 'image')),
  source('cinder', (cinder, path, errors) => {
    requireFields(cinder, path, errors, 'volumeID')
    validateSecretReference(cinder.secretRef, false, `${path}.secretRef`, errors)
  }),
  source('cephfs', (cephfs, path, errors) => requireFields(cephfs, path, errors, 'monitors'), { forbidden: 'cephFS' }),
  source('quobyte', validateQuobyte),
  source(
    'downwardAPI',
    (downwardApi, path, errors) => {
      validateFileMode(downwardApi.defaultMode, `${path}.defaultMode`, errors)
      for (const file of downwardApi.items ?? []) validateDownwardApiFile(file, path, errors)
    },
    { forbidden: 'downwarAPI' },
  ),
  source('fc', validateFibreChannel),
  source('flexVolume', (flexVolume, path, errors) => {
    requireFields(flexVolume, path, errors, 'driver')
    validateFlexOptions(flexVolume.options, path, errors)
  }),
  source('configMap', (configMap, path, errors) => {
    requireFields(configMap, path, errors, 'name')
    validateItems(configMap, path, errors)
  }),
  source('azureFile', (azureFile, path, errors) => requireFields(azureFile, path, errors, 'secretName', 'shareName')),
  source('vsphereVolume', (vsphere, path, errors) => requireFields(vsphere, path, errors, 'volumePath')),
  source('photonPersistentDisk', (photon, path, errors) => requireFields(photon, path, errors, 'pdID')),
  source('portworxVolume', (portworx, path, errors) => requireFields(portworx, path, errors, 'volumeID')),
  source('azureDisk', validateAzureDisk),
  source('storageos', (storageos, path, errors) => validateStorageOs(storageos, false, path, errors)),
  source('projected', validateProjectedVolume),
  source('scaleIO', (scaleIo, path, errors) => requireFields(scaleIo, path, errors, 'gateway', 'system', 'volumeName')),
  source('csi', (csi, path, errors) => {
    validateCsiDriverName(csi.driver ?? '', `${path}.driver`, errors)
    const secret = csi.nodePublishSecretRef
    if (secret === undefined) return
    if (!secret.name) errors.push(required(`${path}.nodePublishSecretRef.name`))
    else pushMessages(errors, `${path}.name`, secret.name, nameIsDnsSubdomain(secret.name, false))
  }),
  source('ephemeral', (ephemeral, path, errors, place) => {
    if (ephemeral.volumeClaimTemplate === undefined) errors.push(required(`${path}.volumeClaimTemplate`))
    else validateClaimTemplate(ephemeral.volumeClaimTemplate, `${path}.volumeClaimTemplate`, errors)
    if (!place.podName || place.volumeName === '') return
    const claim = `${place.podName}-${place.volumeName}`
    for (const message of nameIsDnsSubdomain(claim, false)) {
      errors.push(invalidValue(`${place.path}.name`, place.volumeName, `PVC name ${goQuote(claim)}: ${message}`))
    }
  }),
]

const sourceFields: ReadonlySet<string> = new Set(sources.map(kind => kind.field))

/** Whether a volume has a source. */
export function hasSource(volume: Volume): boolean {
  for (const field in volume) if (sourceFields.has(field)) return true
  return false
}

/** Validates the volumes of a pod or template and returns the valid ones by name, against which mounts are checked. */
export function validateVolumes(
  volumes: readonly Volume[] | undefined,
  meta: ObjectMeta | undefined,
  path: string,
  errors: FieldError[],
): ReadonlyMap<string, Volume> {
  const valid = new Map<string, Volume>()
  if (volumes === undefined) return valid
  const podName = meta?.name
  const created = new Set<string>()
  if (podName) for (const volume of volumes) if (volume.ephemeral) created.add(`${podName}-${volume.name}`)
  for (const [index, volume] of volumes.entries()) {
    const at = `${path}[${index}]`
    const before = errors.length
    validateVolumeSource(volume, { volumeName: volume.name ?? '', path: at, podName }, errors)
    if (!volume.name) errors.push(required(`${at}.name`))
    else pushMessages(errors, `${at}.name`, volume.name, dns1123Label(volume.name))
    if (valid.has(volume.name)) errors.push(duplicate(`${at}.name`, volume.name))
    if (errors.length === before) valid.set(volume.name, volume)
    const claim = volume.persistentVolumeClaim?.claimName
    if (claim !== undefined && created.has(claim)) {
      const text = 'must not reference a PVC that gets created for an ephemeral volume'
      errors.push(invalidValue(`${at}.persistentVolumeClaim.claimName`, claim, text))
    }
  }
  return valid
}

function validateVolumeSource(volume: Volume, place: VolumePlace, errors: FieldError[]): void {
  let found = false
  for (const kind of sources) {
    if (volume[kind.field] === undefined) continue
    if (found) errors.push(forbiddenField(`${place.path}.${kind.forbiddenAs}`, 'may not specify more than 1 volume type'))
    else kind.validate(volume, errors, place)
    // Upstream validates it beside another source too.
    if (kind.field === 'iscsi' && volume.iscsi && exceedsIscsiLength(volume.iscsi, place.volumeName)) {
      errors.push(invalidValue(`${place.path}.name`, place.volumeName, iscsiLengthMessage))
    }
    found = true
  }
  if (!found) errors.push(required(place.path, 'must specify a volume type'))
}

function validateItems(source: SecretVolumeSource | ConfigMapVolumeSource, path: string, errors: FieldError[]): void {
  validateFileMode(source.defaultMode, `${path}.defaultMode`, errors)
  source.items?.forEach((item, index) => {
    validateKeyToPath(item, `${path}.items[${index}]`, errors)
  })
}
