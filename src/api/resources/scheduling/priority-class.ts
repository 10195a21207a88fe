// scheduling.k8s.io/v1 PriorityClass.
import { type FieldError, forbiddenField, notSupported } from '../../field-error.ts'
import type { PriorityClass } from '../../types/scheduling-v1.ts'
import { immutable } from '../../validation/object-meta.ts'
import { defineResource } from '../resource.ts'
import { ageColumn, nameColumn } from '../standard-columns.ts'

/** Higher priorities are reserved for the system's own classes. */
const highestUserPriority = 1_000_000_000
const systemPriorities: Readonly<Record<string, number>> = {
  'system-node-critical': 2_000_001_000,
  'system-cluster-critical': 2_000_000_000,
}

export const priorityClass = defineResource<PriorityClass>({
  group: 'scheduling.k8s.io',
  version: 'v1',
  kind: 'PriorityClass',
  plural: 'priorityclasses',
  namespaced: false,
  shortNames: ['pc'],
  columns: [
    nameColumn,
    { name: 'Value', type: 'integer', cell: ({ value }) => value },
    { name: 'Global-Default', type: 'boolean', cell: ({ globalDefault }) => globalDefault ?? false },
    ageColumn,
    { name: 'PreemptionPolicy', type: 'string', cell: ({ preemptionPolicy }) => preemptionPolicy ?? '' },
  ],
  setDefaults(object) {
    object.preemptionPolicy ??= 'PreemptLowerPriority'
  },
  prepareForCreate({ metadata }) {
    metadata.generation = 1
  },
  validate,
  validateUpdate,
  deletion: {
    refuse: name => (Object.hasOwn(systemPriorities, name) ? 'this is a system priority class and cannot be deleted' : undefined),
  },
})

function validate(object: PriorityClass): FieldError[] {
  const errors: FieldError[] = []
  const { value, preemptionPolicy } = object
  const name = object.metadata.name ?? ''
  if (name.startsWith('system-')) {
    const why = unlikeSystemClass(object, name)
    if (why !== undefined) {
      errors.push(
        forbiddenField('metadata.name', `priority class names with 'system-' prefix are reserved for system use only. error: ${why}`),
      )
    }
  } else if (value > highestUserPriority) {
    errors.push(forbiddenField('value', `maximum allowed value of a user defined priority is ${highestUserPriority}`))
  }
  if (preemptionPolicy !== undefined && preemptionPolicy !== 'PreemptLowerPriority' && preemptionPolicy !== 'Never') {
    errors.push(notSupported('preemptionPolicy', preemptionPolicy, ['PreemptLowerPriority', 'Never']))
  }
  return errors
}

function unlikeSystemClass({ value, globalDefault }: PriorityClass, name: string): string | undefined {
  const known = Object.hasOwn(systemPriorities, name) ? systemPriorities[name] : undefined
  if (known === undefined) return `${name} is not a known system priority class`
  if (value !== known) return `value of ${name} PriorityClass must be ${known}`
  if (globalDefault === true) return `globalDefault of ${name} PriorityClass must be false`
  return undefined
}

/** Immutable fields were validated at creation. */
function validateUpdate(object: PriorityClass, old: PriorityClass): FieldError[] {
  const errors: FieldError[] = []
  if (object.value !== old.value) errors.push(forbiddenField('value', 'may not be changed in an update.'))
  immutable(errors, 'preemptionPolicy', object.preemptionPolicy, old.preemptionPolicy)
  return errors
}
