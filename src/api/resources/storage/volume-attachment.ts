// storage.k8s.io/v1 VolumeAttachment.
import { type FieldError, forbiddenField, invalidValue, required } from '../../field-error.ts'
import { defineResource } from '../../resource.ts'
import type { VolumeAttachment } from '../../types/storage-v1.ts'
import { dns1123Subdomain } from '../../validation/names.ts'
import { immutableMessage, pushMessages, semanticallyEqual } from '../../validation/object-meta.ts'
import { ageColumn, nameColumn } from '../standard-columns.ts'
import { keepStatus, statusSubresource } from '../status-strategy.ts'
import { validateCsiDriverName } from './csi-driver-name.ts'

const exactlyOneSource = 'must specify exactly one of inlineVolumeSpec and persistentVolumeName'

export const volumeAttachment = defineResource<VolumeAttachment>({
  group: 'storage.k8s.io',
  version: 'v1',
  kind: 'VolumeAttachment',
  plural: 'volumeattachments',
  namespaced: false,
  allowUnconditionalUpdate: false,
  subresources: [statusSubresource<VolumeAttachment>({ keepsMetadata: true })],
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

function validate({ spec }: VolumeAttachment): FieldError[] {
  const errors: FieldError[] = []
  const { inlineVolumeSpec, persistentVolumeName } = spec.source
  if (inlineVolumeSpec !== undefined && persistentVolumeName !== undefined) {
    errors.push(forbiddenField('spec.source', exactlyOneSource))
  } else if (inlineVolumeSpec === undefined && persistentVolumeName === undefined) {
    errors.push(required('spec.source', exactlyOneSource))
  } else if (persistentVolumeName === '') {
    errors.push(required('spec.source.persistentVolumeName', 'must specify non empty persistentVolumeName'))
  }
  pushMessages(errors, 'spec.nodeName', spec.nodeName, dns1123Subdomain(spec.nodeName))
  validateCsiDriverName(spec.attacher, 'spec.attacher', errors)
  if (persistentVolumeName !== undefined && persistentVolumeName !== '') {
    pushMessages(errors, 'spec.source.persistentVolumeName', persistentVolumeName, dns1123Subdomain(persistentVolumeName))
  }
  return errors
}

function validateUpdate(object: VolumeAttachment, old: VolumeAttachment): FieldError[] {
  const errors = validate(object)
  if (!semanticallyEqual(object.spec, old.spec)) errors.push(invalidValue('spec', object.spec, immutableMessage))
  return errors
}
