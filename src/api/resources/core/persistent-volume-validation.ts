// Validation of persistent volumes: capacity, access modes, node affinity, and the single source.

import path from 'node:path'
import { copyJson } from '../../../base/data/copy-json.ts'
import { type FieldError, forbiddenField, invalidValue, required } from '../../field-error.ts'
import type { CSIPersistentVolumeSource, PersistentVolume, PersistentVolumeSpec, VolumeNodeAffinity } from '../../types/core-v1.ts'
import { validateAccessModes, volumeModes } from '../../validation/claim-spec.ts'
import { validateCsiDriverName } from '../../validation/csi-driver-name.ts'
import { goResourceList, notSupportedShown } from '../../validation/go-syntax.ts'
import { dns1123Label, dns1123Subdomain, nameIsDnsLabel, nameIsDnsSubdomain } from '../../validation/names.ts'
import { validateNodeSelector } from '../../validation/node-selector.ts'
import { immutable, pushMessages } from '../../validation/object-meta.ts'
import { validateNoBacksteps } from '../../validation/pod/paths-in-volumes.ts'
import { validateChoice } from '../../validation/pod/security-context.ts'
import { type SourceKind, type SourcePlace, sourceKindsOf } from '../../validation/pod/source-kind.ts'
import {
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
} from '../../validation/pod/volume-sources.ts'
import { validateBasicQuantity, validatePositiveQuantity } from '../../validation/quantities.ts'
import { semanticallyEqual } from '../../validation/semantic-equality.ts'
import { changedFields } from './pod-update.ts'

type Spec = PersistentVolumeSpec

const source = sourceKindsOf<Spec, SourcePlace>()

/** In upstream's order. */
const sources: readonly SourceKind<Spec, SourcePlace>[] = [
  source('hostPath', validateHostPath),
  source(
    'gcePersistentDisk',
    (disk, at, errors) => {
      requireFields(disk, at, errors, 'pdName')
      validatePartition(disk.partition, at, errors)
    },
    { path: 'persistentDisk' },
  ),
  source('awsElasticBlockStore', (disk, at, errors) => {
    requireFields(disk, at, errors, 'volumeID')
    validatePartition(disk.partition, at, errors)
  }),
  source('glusterfs', (glusterfs, at, errors) => {
    requireFields(glusterfs, at, errors, 'endpoints', 'path')
    const namespace = glusterfs.endpointsNamespace
    if (namespace === '') {
      errors.push(invalidValue(`${at}.endpointsNamespace`, '', 'if the endpointnamespace is set, it must be a valid namespace name'))
    } else if (namespace !== undefined) pushMessages(errors, `${at}.endpointsNamespace`, namespace, nameIsDnsLabel(namespace, false))
  }),
  source('flocker', validateFlocker),
  source('nfs', validateNfs),
  source('rbd', (rbd, at, errors) => requireFields(rbd, at, errors, 'monitors', 'image')),
  source('quobyte', validateQuobyte),
  source('cephfs', (cephfs, at, errors) => requireFields(cephfs, at, errors, 'monitors'), { forbidden: 'cephFS' }),
  source('iscsi', (iscsi, at, errors, { volumeName }) => {
    validateIscsi(iscsi, { wrongPrefix: 'must be valid format', persistentVolume: volumeName }, at, errors)
  }),
  source('cinder', (cinder, at, errors) => {
    requireFields(cinder, at, errors, 'volumeID')
    validateSecretReference(cinder.secretRef, true, `${at}.secretRef`, errors)
  }),
  source('fc', validateFibreChannel),
  source('flexVolume', (flexVolume, at, errors) => {
    requireFields(flexVolume, at, errors, 'driver')
    validateFlexOptions(flexVolume.options, at, errors)
  }),
  source('azureFile', (azureFile, at, errors) => {
    requireFields(azureFile, at, errors, 'secretName', 'shareName')
    if (azureFile.secretNamespace === '') errors.push(required(`${at}.secretNamespace`))
  }),
  source('vsphereVolume', (vsphere, at, errors) => requireFields(vsphere, at, errors, 'volumePath')),
  source('photonPersistentDisk', (photon, at, errors) => requireFields(photon, at, errors, 'pdID')),
  source('portworxVolume', (portworx, at, errors) => requireFields(portworx, at, errors, 'volumeID')),
  source('azureDisk', validateAzureDisk),
  source('scaleIO', (scaleIo, at, errors) => requireFields(scaleIo, at, errors, 'gateway', 'system', 'volumeName')),
  source('local', (local, at, errors) => {
    if (!local.path) errors.push(required(`${at}.path`))
    else validateNoBacksteps(local.path, `${at}.path`, errors)
  }),
  source('storageos', (storageos, at, errors) => validateStorageOs(storageos, true, at, errors)),
  source('csi', validateCsi),
]

const sourceFields = sources.map(({ field }) => field)
const csiSecrets = ['controllerPublishSecretRef', 'controllerExpandSecretRef', 'nodePublishSecretRef', 'nodeExpandSecretRef'] as const

function validateCsi(csi: CSIPersistentVolumeSource, at: string, errors: FieldError[]): void {
  validateCsiDriverName(csi.driver ?? '', `${at}.driver`, errors)
  requireFields(csi, at, errors, 'volumeHandle')
  for (const field of csiSecrets) {
    const secret = csi[field]
    if (secret === undefined) continue
    if (!secret.name) errors.push(required(`${at}.${field}.name`))
    else pushMessages(errors, `${at}.${field}.name`, secret.name, dns1123Subdomain(secret.name))
    if (!secret.namespace) errors.push(required(`${at}.${field}.namespace`))
    else pushMessages(errors, `${at}.${field}.namespace`, secret.namespace, dns1123Label(secret.namespace))
  }
}

export function validatePersistentVolume(object: PersistentVolume): FieldError[] {
  return [...validateVolume(object), ...validateMountOptions(object)]
}

/** The annotation for mount options, older than the field. */
export const mountOptionsAnnotation = 'volume.beta.kubernetes.io/mount-options'

/** Sources that support mount options of the annotation. */
const mountedWithOptions = [
  'gcePersistentDisk',
  'awsElasticBlockStore',
  'glusterfs',
  'nfs',
  'rbd',
  'quobyte',
  'iscsi',
  'cinder',
  'cephfs',
  'azureFile',
  'vsphereVolume',
  'azureDisk',
  'photonPersistentDisk',
] as const

function validateMountOptions({ metadata, spec = {} }: PersistentVolume): FieldError[] {
  if (metadata.annotations?.[mountOptionsAnnotation] === undefined) return []
  if (mountedWithOptions.some(field => spec[field] !== undefined)) return []
  return [forbiddenField(`metadata.annotations.${mountOptionsAnnotation}`, 'may not specify mount options for this volume type')]
}

function validateVolume({ metadata, spec = {} }: PersistentVolume): FieldError[] {
  const errors: FieldError[] = []
  if ((spec.accessModes?.length ?? 0) === 0) errors.push(required('spec.accessModes'))
  validateAccessModes(spec.accessModes, 'spec.accessModes', errors)
  validateCapacity(spec, errors)
  if (spec.persistentVolumeReclaimPolicy) {
    validateChoice(spec.persistentVolumeReclaimPolicy, ['Delete', 'Recycle', 'Retain'], 'spec.persistentVolumeReclaimPolicy', errors)
  }
  if (spec.nodeAffinity !== undefined) {
    if (spec.nodeAffinity.required !== undefined) validateNodeSelector(spec.nodeAffinity.required, 'spec.nodeAffinity.required', errors)
    else errors.push(required('spec.nodeAffinity.required', 'must specify required node constraints'))
  }
  validateVolumeSource(spec, metadata.name ?? '', 'spec', errors)
  if (spec.hostPath?.path && path.posix.normalize(spec.hostPath.path) === '/' && spec.persistentVolumeReclaimPolicy === 'Recycle') {
    errors.push(forbiddenField('spec.persistentVolumeReclaimPolicy', "may not be 'recycle' for a hostPath mount of '/'"))
  }
  if (spec.storageClassName) {
    pushMessages(errors, 'spec.storageClassName', spec.storageClassName, nameIsDnsSubdomain(spec.storageClassName, false))
  }
  validateChoice(spec.volumeMode, volumeModes, 'spec.volumeMode', errors)
  return errors
}

function validateCapacity({ capacity: shown }: Spec, errors: FieldError[]): void {
  const capacity = shown ?? {}
  const names = Object.keys(capacity)
  if (names.length === 0) errors.push(required('spec.capacity'))
  if (capacity['storage'] === undefined || names.length > 1)
    errors.push(notSupportedShown('spec.capacity', goResourceList(shown), ['storage']))
  for (const name of names) {
    const amount = capacity[name] ?? '0'
    const at = `spec.capacity[${name}]`
    validateBasicQuantity(amount, at, errors)
    validatePositiveQuantity(amount, at, errors)
  }
}

/** Exactly one source, of a volume's own spec or of one inside another object. */
export function validateVolumeSource(spec: Spec, volumeName: string, field: string, errors: FieldError[]): void {
  let found = false
  for (const kind of sources) {
    if (spec[kind.field] === undefined) continue
    // Upstream never counts a flex volume as the second.
    if (found && kind.field !== 'flexVolume') {
      errors.push(forbiddenField(`${field}.${kind.forbiddenAs}`, 'may not specify more than 1 volume type'))
    } else {
      kind.validate(spec, errors, { volumeName, path: field })
      if (kind.field === 'local' && spec.nodeAffinity === undefined) {
        errors.push(required(`${field}.nodeAffinity`, 'Local volume requires node affinity'))
      }
    }
    found = true
  }
  if (!found) errors.push(required(field, 'must specify a volume type'))
}

/**
 * A volume's source is immutable, except that a secret for expansion may be added. Upstream validates the new volume twice, and reports each
 * error twice.
 */
export function validatePersistentVolumeUpdate(object: PersistentVolume, old: PersistentVolume): FieldError[] {
  const errors = [...validatePersistentVolume(object), ...validateVolume(object)]
  const pick = (spec: Spec): Spec =>
    Object.fromEntries(sourceFields.filter(field => spec[field] !== undefined).map(field => [field, spec[field]]))
  const now = pick(object.spec ?? {})
  const before = pick(old.spec ?? {})
  if (now.csi !== undefined && before.csi !== undefined && before.csi.controllerExpandSecretRef === undefined) {
    const { controllerExpandSecretRef: _added, ...rest } = now.csi
    now.csi = rest
  }
  if (!semanticallyEqual(now, before)) {
    const text = 'spec.persistentvolumesource is immutable after creation'
    errors.push(forbiddenField('spec.persistentvolumesource', `${text}\n${changedFields(now, before)}`))
  }
  immutable(errors, 'volumeMode', object.spec?.volumeMode, old.spec?.volumeMode)
  const affinity = old.spec?.nodeAffinity
  if (affinity !== undefined && !semanticallyEqual(withNewLabels(affinity, object.spec?.nodeAffinity), object.spec?.nodeAffinity)) {
    const text = 'field is immutable, except for updating from beta label to GA'
    errors.push(invalidValue('nodeAffinity', object.spec?.nodeAffinity, text))
  }
  return errors
}

/** Deprecated labels of nodes that a volume may replace by their successors. */
const renamedLabels: Readonly<Record<string, string>> = {
  'failure-domain.beta.kubernetes.io/zone': 'topology.kubernetes.io/zone',
  'failure-domain.beta.kubernetes.io/region': 'topology.kubernetes.io/region',
  'beta.kubernetes.io/instance-type': 'node.kubernetes.io/instance-type',
  'beta.kubernetes.io/os': 'kubernetes.io/os',
  'beta.kubernetes.io/arch': 'kubernetes.io/arch',
}

/** The old affinity, with labels renamed to those successors that the new one uses. */
function withNewLabels(old: VolumeNodeAffinity, now: VolumeNodeAffinity | undefined): VolumeNodeAffinity {
  const renamed = copyJson(old)
  const terms = now?.required?.nodeSelectorTerms ?? []
  renamed.required?.nodeSelectorTerms?.forEach((term, index) => {
    term.matchExpressions?.forEach((expression, at) => {
      const key = terms[index]?.matchExpressions?.[at]?.key
      if (key !== undefined && renamedLabels[expression.key] === key) expression.key = key
    })
  })
  return renamed
}
