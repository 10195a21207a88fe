// coordination.k8s.io/v1 Lease.
import { type FieldError, invalidValue } from '../../field-error.ts'
import type { Lease } from '../../types/coordination-v1.ts'
import { defineResource } from '../resource.ts'
import { ageColumn, nameColumn } from '../standard-columns.ts'

export const lease = defineResource<Lease>({
  group: 'coordination.k8s.io',
  version: 'v1',
  kind: 'Lease',
  plural: 'leases',
  namespaced: true,
  allowUnconditionalUpdate: false,
  standardFinalizers: false,
  allowCreateOnUpdate: true,
  columns: [nameColumn, { name: 'Holder', type: 'string', cell: ({ spec }) => spec?.holderIdentity ?? '' }, ageColumn],
  prepareForCreate: dropCoordination,
  prepare: dropCoordination,
  validate,
})

/** Coordinated leader election is alpha in 1.33, so its fields are dropped, as upstream without the gate. */
function dropCoordination({ spec }: Lease): void {
  if (spec === undefined) return
  delete spec.strategy
  delete spec.preferredHolder
}

function validate({ spec }: Lease): FieldError[] {
  const errors: FieldError[] = []
  if (spec?.leaseDurationSeconds !== undefined && spec.leaseDurationSeconds <= 0) {
    errors.push(invalidValue('spec.leaseDurationSeconds', spec.leaseDurationSeconds, 'must be greater than 0'))
  }
  if (spec?.leaseTransitions !== undefined && spec.leaseTransitions < 0) {
    errors.push(invalidValue('spec.leaseTransitions', spec.leaseTransitions, 'must be greater than or equal to 0'))
  }
  return errors
}
