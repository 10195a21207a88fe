// storage.k8s.io/v1 CSIDriver.
import { duplicate, type FieldError, invalidValue, notSupported } from '../../field-error.ts'
import type { CSIDriver, TokenRequest } from '../../types/storage-v1.ts'
import { goStrings, invalidShown } from '../../validation/go-syntax.ts'
import { immutableMessage } from '../../validation/object-meta.ts'
import { semanticallyEqual } from '../../validation/semantic-equality.ts'
import { defineResource } from '../resource.ts'
import { ageColumn, nameColumn } from '../standard-columns.ts'

const fsGroupPolicies = ['File', 'None', 'ReadWriteOnceWithFSType']
const lifecycleModes = ['Persistent', 'Ephemeral']
const minTokenSeconds = 600
const maxTokenSeconds = 2 ** 32

export const csiDriver = defineResource<CSIDriver>({
  group: 'storage.k8s.io',
  version: 'v1',
  kind: 'CSIDriver',
  plural: 'csidrivers',
  namespaced: false,
  deletion: { returnsObject: true },
  allowUnconditionalUpdate: false,
  columns: [
    nameColumn,
    { name: 'AttachRequired', type: 'boolean', cell: ({ spec }) => spec.attachRequired ?? true },
    { name: 'PodInfoOnMount', type: 'boolean', cell: ({ spec }) => spec.podInfoOnMount ?? false },
    { name: 'StorageCapacity', type: 'boolean', cell: ({ spec }) => spec.storageCapacity ?? false },
    { name: 'TokenRequests', type: 'string', cell: tokenRequestsCell },
    { name: 'RequiresRepublish', type: 'boolean', cell: ({ spec }) => spec.requiresRepublish ?? false },
    { name: 'Modes', type: 'string', cell: ({ spec }) => (spec.volumeLifecycleModes ?? []).join(',') || '<none>' },
    ageColumn,
  ],
  setDefaults(object) {
    object.spec ??= {}
    const { spec } = object
    spec.attachRequired ??= true
    spec.podInfoOnMount ??= false
    spec.storageCapacity ??= false
    spec.fsGroupPolicy ??= 'ReadWriteOnceWithFSType'
    if ((spec.volumeLifecycleModes ?? []).length === 0) spec.volumeLifecycleModes = ['Persistent']
    spec.requiresRepublish ??= false
    spec.seLinuxMount ??= false
  },
  prepareForCreate: dropAlphaFields,
  prepare(object, old) {
    dropAlphaFields(object)
    // A new driver has no generation: its first change sets 1.
    if (!semanticallyEqual(object.spec, old.spec)) object.metadata.generation = (old.metadata.generation ?? 0) + 1
  },
  validate,
  validateUpdate,
})

/** The update period of allocatable counts is alpha in 1.33: dropped, as upstream without the gate. */
function dropAlphaFields(object: CSIDriver): void {
  if ('nodeAllocatableUpdatePeriodSeconds' in object.spec) delete object.spec.nodeAllocatableUpdatePeriodSeconds
}

function tokenRequestsCell({ spec }: CSIDriver): string {
  const requests = spec.tokenRequests ?? []
  return requests.length === 0 ? '<unset>' : requests.map(({ audience }) => audience).join(',')
}

function validate({ spec }: CSIDriver): FieldError[] {
  const errors: FieldError[] = []
  if (spec.fsGroupPolicy !== undefined && !fsGroupPolicies.includes(spec.fsGroupPolicy)) {
    errors.push(notSupported('spec.fsGroupPolicy', spec.fsGroupPolicy, fsGroupPolicies))
  }
  validateTokenRequests(spec.tokenRequests, errors)
  for (const mode of spec.volumeLifecycleModes ?? []) {
    if (!lifecycleModes.includes(mode)) errors.push(notSupported('spec.volumeLifecycleModes', mode, lifecycleModes))
  }
  return errors
}

function validateTokenRequests(requests: readonly TokenRequest[] | undefined, errors: FieldError[]): void {
  const audiences = new Set<string>()
  requests?.forEach(({ audience, expirationSeconds }, index) => {
    if (audiences.has(audience)) {
      errors.push(duplicate(`spec.tokenRequests[${index}].audience`, audience))
      return
    }
    audiences.add(audience)
    if (expirationSeconds === undefined) return
    const field = `spec.tokenRequests[${index}].expirationSeconds`
    if (expirationSeconds < minTokenSeconds) {
      errors.push(invalidValue(field, expirationSeconds, 'may not specify a duration less than 10 minutes'))
    }
    if (expirationSeconds > maxTokenSeconds) {
      errors.push(invalidValue(field, expirationSeconds, 'may not specify a duration larger than 2^32 seconds'))
    }
  })
}

function validateUpdate(object: CSIDriver, old: CSIDriver): FieldError[] {
  const errors = validate(object)
  // The first path is upstream's own spelling.
  if (object.spec.attachRequired !== old.spec.attachRequired) {
    errors.push(invalidValue('spec.attachedRequired', object.spec.attachRequired, immutableMessage))
  }
  if (!semanticallyEqual(object.spec.volumeLifecycleModes, old.spec.volumeLifecycleModes)) {
    const modes = goStrings(object.spec.volumeLifecycleModes, 'storage.VolumeLifecycleMode')
    errors.push(invalidShown('spec.volumeLifecycleModes', modes, immutableMessage))
  }
  return errors
}
