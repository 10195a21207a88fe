// bulkhead.dev/v1alpha1 LocalVolume: a volume on the disk of one node. The provisioner writes the spec, the node reports the status.
import { type FieldError, forbiddenField, invalidValue, notSupported, required } from '../../field-error.ts'
import type { LocalVolume } from '../../types/bulkhead-v1alpha1.ts'
import { volumeModes } from '../../validation/claim-spec.ts'
import { dns1123Label } from '../../validation/names.ts'
import { immutable, pushMessages } from '../../validation/object-meta.ts'
import { defineResource } from '../resource.ts'
import { ageColumn, nameColumn } from '../standard-columns.ts'
import { keepStatus, statusSubresource } from '../status-strategy.ts'

export const localVolumePhases = ['Ready', 'Failed', 'Removed'] as const
/** `required`: the node refuses to hold it in clear. */
export const localVolumeEncryptions = ['required', 'none'] as const
export const maxLocalVolumeBytes = 2 ** 50
const maxMessageLength = 1024
const maxBackEndLength = 63

export const localVolume = defineResource<LocalVolume>({
  group: 'bulkhead.dev',
  version: 'v1alpha1',
  kind: 'LocalVolume',
  plural: 'localvolumes',
  shortNames: ['lv'],
  namespaced: false,
  countsGeneration: true,
  subresources: [
    statusSubresource<LocalVolume>({ keepsMetadata: true, validate: ({ status }) => validateStatus(status) }),
    { name: 'key', verbs: ['create'], kind: { group: 'bulkhead.dev', version: 'v1alpha1', kind: 'LocalVolumeKey' } },
  ],
  columns: [
    nameColumn,
    { name: 'Node', type: 'string', cell: ({ spec }) => spec.nodeName },
    { name: 'Bytes', type: 'integer', cell: ({ spec }) => spec.bytes },
    { name: 'Encryption', type: 'string', cell: ({ spec, status }) => status?.encryption ?? spec.encryption },
    { name: 'Phase', type: 'string', cell: ({ status }) => status?.phase ?? 'Pending' },
    { name: 'VolumeMode', type: 'string', priority: 1, cell: ({ spec }) => spec.volumeMode ?? 'Filesystem' },
    { name: 'Source', type: 'string', priority: 1, cell: ({ spec }) => spec.source ?? '' },
    { name: 'Message', type: 'string', priority: 1, cell: ({ status }) => status?.message ?? '' },
    ageColumn,
  ],
  fieldSelectors: { values: ({ spec }) => ({ 'spec.nodeName': spec?.nodeName ?? '' }) },
  // The name is that of a folder on the node.
  nameRule: dns1123Label,
  prepareForCreate(object) {
    delete object.status
  },
  prepare: keepStatus,
  validate: ({ spec }) => validate(spec),
  validateUpdate(object, old) {
    const errors = validate(object.spec)
    immutable(errors, 'spec.nodeName', object.spec.nodeName, old.spec.nodeName)
    // Otherwise content in clear would follow a key, or the other way round.
    immutable(errors, 'spec.encryption', object.spec.encryption, old.spec.encryption)
    immutable(errors, 'spec.source', object.spec.source ?? '', old.spec.source ?? '')
    immutable(errors, 'spec.volumeMode', object.spec.volumeMode ?? '', old.spec.volumeMode ?? '')
    if (object.spec.bytes < old.spec.bytes) errors.push(forbiddenField('spec.bytes', `can not be less than ${old.spec.bytes}`))
    return errors
  },
})

function validate(spec: LocalVolume['spec'] | undefined): FieldError[] {
  const { nodeName = '', bytes = 0, encryption = '', source = '', volumeMode } = spec ?? {}
  const known: readonly string[] = localVolumeEncryptions
  const errors: FieldError[] = []
  if (source !== '') pushMessages(errors, 'spec.source', source, dns1123Label(source))
  return [
    ...errors,
    ...(nodeName === '' ? [required('spec.nodeName')] : []),
    ...(Number.isSafeInteger(bytes) && bytes > 0 && bytes <= maxLocalVolumeBytes
      ? []
      : [invalidValue('spec.bytes', bytes, `must be from 1 to ${maxLocalVolumeBytes}`)]),
    ...(known.includes(encryption) ? [] : [notSupported('spec.encryption', encryption, known)]),
    ...(volumeMode === undefined || volumeModes.includes(volumeMode) ? [] : [notSupported('spec.volumeMode', volumeMode, volumeModes)]),
  ]
}

function validateStatus(status: LocalVolume['status']): FieldError[] {
  const { phase, bytes = 0, encryption = '', message = '' } = status ?? {}
  const known: readonly string[] = localVolumePhases
  return [
    ...(phase === undefined || known.includes(phase) ? [] : [notSupported('status.phase', phase, known)]),
    ...(Number.isSafeInteger(bytes) && bytes >= 0 && bytes <= maxLocalVolumeBytes
      ? []
      : [invalidValue('status.bytes', bytes, `must be from 0 to ${maxLocalVolumeBytes}`)]),
    ...(encryption.length <= maxBackEndLength
      ? []
      : [invalidValue('status.encryption', encryption.length, `must have at most ${maxBackEndLength} characters`)]),
    ...(message.length <= maxMessageLength
      ? []
      : [invalidValue('status.message', message.length, `must have at most ${maxMessageLength} characters`)]),
  ]
}
