// storage.k8s.io/v1 VolumeAttachment.
import { type FieldError, forbiddenField, invalidValue, required, tooLong, type UpdateFaults } from '../../field-error.ts'
import type { PersistentVolumeSpec } from '../../types/core-v1.ts'
import type { VolumeAttachment } from '../../types/storage-v1.ts'
import { exceedsBytes } from '../../validation/byte-length.ts'
import { validateAccessModes } from '../../validation/claim-spec.ts'
import { validateCsiDriverName } from '../../validation/csi-driver-name.ts'
import { dns1123Subdomain } from '../../validation/names.ts'
import { immutableMessage, pushMessages } from '../../validation/object-meta.ts'
import { semanticallyEqual } from '../../validation/semantic-equality.ts'
import { validateVolumeSource } from '../core/persistent-volume-validation.ts'
import { defineResource } from '../resource.ts'
import { ageColumn, nameColumn } from '../standard-columns.ts'
import { keepStatus, statusSubresource } from '../status-strategy.ts'

const maxMetadataBytes = 256 * 1024
const maxErrorBytes = 1024
const exactlyOneSource = 'must specify exactly one of inlineVolumeSpec and persistentVolumeName'

export const volumeAttachment = defineResource<VolumeAttachment>({
  group: 'storage.k8s.io',
  version: 'v1',
  kind: 'VolumeAttachment',
  plural: 'volumeattachments',
  namespaced: false,
  deletion: { returnsObject: true },
  validatesMetadata: ['whole', 'whole'],
  allowUnconditionalUpdate: false,
  // The whole object is validated there: the status may contain too long values.
  subresources: [
    {
      ...statusSubresource<VolumeAttachment>({ keepsMetadata: true, prepare: dropErrorCodes, validate: validateUpdate }),
      validatesMetadata: ['whole', 'whole'],
    },
  ],
  columns: [
    nameColumn,
    { name: 'Attacher', type: 'string', format: 'name', cell: ({ spec }) => spec.attacher },
    { name: 'PV', type: 'string', cell: ({ spec }) => spec.source.persistentVolumeName ?? '' },
    { name: 'Node', type: 'string', cell: ({ spec }) => spec.nodeName },
    { name: 'Attached', type: 'boolean', cell: ({ status }) => status?.attached ?? false },
    ageColumn,
  ],
  prepareForCreate(object) {
    object.status = { attached: false }
  },
  prepare: keepStatus,
  validate,
  validateUpdate,
})

/** The codes are alpha in 1.33: new ones are dropped, existing ones stay. */
function dropErrorCodes({ status }: VolumeAttachment, old: VolumeAttachment): void {
  for (const name of ['attachError', 'detachError'] as const) {
    if (old.status?.[name]?.errorCode === undefined) delete status?.[name]?.errorCode
  }
}

/** A new object's names must be valid; those of existing objects may stay. */
function validate(object: VolumeAttachment): FieldError[] {
  const errors = validateSpec(object)
  const { attacher, source } = object.spec
  validateCsiDriverName(attacher, 'spec.attacher', errors)
  const { persistentVolumeName: name } = source
  if (name !== undefined && name !== '') pushMessages(errors, 'spec.source.persistentVolumeName', name, dns1123Subdomain(name))
  return errors
}

function validateSpec({ spec }: VolumeAttachment): FieldError[] {
  const errors: FieldError[] = []
  if (spec.attacher === '') errors.push(required('spec.attacher'))
  const { inlineVolumeSpec, persistentVolumeName } = spec.source
  if (inlineVolumeSpec !== undefined && persistentVolumeName !== undefined) {
    errors.push(forbiddenField('spec.source', exactlyOneSource))
  } else if (inlineVolumeSpec === undefined && persistentVolumeName === undefined) {
    errors.push(required('spec.source', exactlyOneSource))
  } else if (persistentVolumeName === '') {
    errors.push(required('spec.source.persistentVolumeName', 'must specify non empty persistentVolumeName'))
  } else if (inlineVolumeSpec !== undefined) {
    validateInlineSpec(inlineVolumeSpec, 'spec.source.inlineVolumeSpec', errors)
  }
  pushMessages(errors, 'spec.nodeName', spec.nodeName, dns1123Subdomain(spec.nodeName))
  return errors
}

const inline = 'in the context of inline volumes'

/** A volume without an object may only have a source, which CSI must serve, access modes and mount options. */
function validateInlineSpec(spec: PersistentVolumeSpec, field: string, errors: FieldError[]): void {
  const refuse = (name: string, text = 'may not be specified'): void => {
    errors.push(forbiddenField(`${field}.${name}`, `${text} ${inline}`))
  }
  if (spec.claimRef !== undefined) refuse('claimRef')
  if (Object.keys(spec.capacity ?? {}).length > 0) refuse('capacity')
  if (spec.csi === undefined) errors.push(required(`${field}.csi`, `has to be specified ${inline}`))
  if ((spec.accessModes ?? []).length === 0) errors.push(required(`${field}.accessModes`))
  validateAccessModes(spec.accessModes, `${field}.accessModes`, errors)
  const { persistentVolumeReclaimPolicy: policy = '', volumeMode } = spec
  if (policy !== '' && policy !== 'Retain') refuse('persistentVolumeReclaimPolicy', 'may only be Retain')
  if (spec.nodeAffinity !== undefined) refuse('nodeAffinity')
  validateVolumeSource(spec, '', field, errors)
  if ((spec.storageClassName ?? '') !== '') refuse('storageClassName')
  if (volumeMode !== undefined && volumeMode !== 'Filesystem') refuse('volumeMode', 'may not specify volumeMode other than Filesystem')
}

function validateStatus({ status }: VolumeAttachment): FieldError[] {
  const errors: FieldError[] = []
  const metadata = Object.entries(status?.attachmentMetadata ?? {})
  const size = metadata.reduce((sum, [key, value]) => sum + Buffer.byteLength(key) + Buffer.byteLength(value), 0)
  if (size > maxMetadataBytes) errors.push(tooLong('status.attachmentMetadata', maxMetadataBytes))
  for (const name of ['attachError', 'detachError'] as const) {
    const message = status?.[name]?.message ?? ''
    // Upstream names the metadata's limit here.
    if (exceedsBytes(message, maxErrorBytes)) errors.push(tooLong(`status.${name}.message`, maxMetadataBytes))
  }
  return errors
}

/** Upstream validates the new object twice, and reports each error twice. */
function validateUpdate(object: VolumeAttachment, old: VolumeAttachment): UpdateFaults {
  const once = [...validateSpec(object), ...validateStatus(object)]
  return [once, semanticallyEqual(object.spec, old.spec) ? once : [...once, invalidValue('spec', object.spec, immutableMessage)]]
}
