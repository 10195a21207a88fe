// The common parts of bindings of validating and mutating policies.
import type { FieldError } from '../../field-error.ts'
import type { KubeObject } from '../../object.ts'
import type { MatchResources, ParamRef } from '../../types/admissionregistration-v1.ts'
import type { Column } from '../resource.ts'
import { ageColumn, nameColumn } from '../standard-columns.ts'
import { paramRefCell, validateReferences } from './param-ref.ts'
import { setMatchResourcesDefaults, validateMatchResources } from './rule.ts'

export interface PolicyBinding extends KubeObject {
  readonly spec: { readonly policyName?: string; readonly paramRef?: ParamRef; readonly matchResources?: MatchResources }
}

const columns: readonly Column<PolicyBinding>[] = [
  nameColumn,
  { name: 'PolicyName', type: 'string', cell: ({ spec }) => spec.policyName ?? '' },
  { name: 'ParamRef', type: 'string', cell: ({ spec }) => paramRefCell(spec.paramRef) },
  ageColumn,
]

export const policyBinding = {
  group: 'admissionregistration.k8s.io',
  namespaced: false,
  validatesMetadata: ['whole'] as const,
  allowUnconditionalUpdate: false,
  categories: ['api-extensions'],
  standardFinalizers: false,
  countsGeneration: true,
  columns,
  setDefaults({ spec }: PolicyBinding): void {
    if (spec?.matchResources !== undefined) setMatchResourcesDefaults(spec.matchResources)
  },
}

/** The errors of policy, parameters and matched resources, in upstream's order. */
export function validatePolicyBinding({ spec }: PolicyBinding): FieldError[] {
  const errors: FieldError[] = []
  validateReferences(spec, errors)
  if (spec.matchResources !== undefined) validateMatchResources(spec.matchResources, 'spec.matchResources', errors)
  return errors
}
