// admissionregistration.k8s.io/v1alpha1 MutatingAdmissionPolicy (KEP-3962).
import { type FieldError, invalidValue, notSupported, required } from '../../field-error.ts'
import type { MutatingAdmissionPolicy, Mutation } from '../../types/admissionregistration-v1alpha1.ts'
import { defineResource } from '../resource.ts'
import { ageColumn, nameColumn } from '../standard-columns.ts'
import type { PolicyExpressions } from './policy-expressions.ts'
import { paramKindCell, setPolicyDefaults, validatePolicySpec } from './policy-spec.ts'
import { validateMutableOperations } from './rule.ts'

const reinvocationPolicies = ['Never', 'IfNeeded']
const patchTypes = ['ApplyConfiguration', 'JSONPatch'] as const

export const mutatingAdmissionPolicy = defineResource<MutatingAdmissionPolicy>({
  group: 'admissionregistration.k8s.io',
  version: 'v1alpha1',
  kind: 'MutatingAdmissionPolicy',
  plural: 'mutatingadmissionpolicies',
  namespaced: false,
  validatesMetadata: ['whole'],
  allowUnconditionalUpdate: false,
  categories: ['api-extensions'],
  standardFinalizers: false,
  countsGeneration: true,
  columns: [
    nameColumn,
    { name: 'Mutations', type: 'integer', cell: ({ spec }) => spec.mutations?.length ?? 0 },
    { name: 'ParamKind', type: 'string', cell: ({ spec }) => paramKindCell(spec.paramKind) },
    ageColumn,
  ],
  setDefaults(object) {
    object.spec ??= {}
    setPolicyDefaults(object.spec)
  },
  validate: object => validate(object, undefined),
  validateUpdate: validate,
})

function validate({ spec }: MutatingAdmissionPolicy, old: MutatingAdmissionPolicy | undefined): FieldError[] {
  const errors: FieldError[] = []
  const { mutations = [], reinvocationPolicy = '' } = spec
  const expressions = validatePolicySpec(spec, old?.spec, errors)
  validateMutableOperations(spec.matchConstraints, 'spec.matchConstraints', errors)
  if (mutations.length === 0) errors.push(required('spec.mutations', 'mutations must contain at least one item'))
  mutations.forEach((mutation, index) => {
    validateMutation(mutation, expressions, `spec.mutations[${index}]`, errors)
  })
  if (reinvocationPolicy === '') errors.push(required('spec.reinvocationPolicy'))
  else if (!reinvocationPolicies.includes(reinvocationPolicy)) {
    errors.push(notSupported('spec.reinvocationPolicy', reinvocationPolicy, reinvocationPolicies))
  }
  return errors
}

function validateMutation(mutation: Mutation, expressions: PolicyExpressions, field: string, errors: FieldError[]): void {
  const { patchType, applyConfiguration, jsonPatch } = mutation
  const bodies = { ApplyConfiguration: ['applyConfiguration', applyConfiguration], JSONPatch: ['jsonPatch', jsonPatch] } as const
  if (patchType === '') {
    errors.push(required(`${field}.patchType`))
    return
  }
  const use = patchTypes.find(type => type === patchType)
  if (use === undefined) {
    errors.push(notSupported(`${field}.patchType`, patchType, patchTypes))
    return
  }
  const [other, given] = bodies[use === 'JSONPatch' ? 'ApplyConfiguration' : 'JSONPatch']
  if (given !== undefined) {
    errors.push(invalidValue(`${field}.${other}`, `{${other}}`, `must not be specified when patchType is ${use}`))
  }
  const [name, body] = bodies[use]
  if (body === undefined) errors.push(required(`${field}.${name}`, `must be specified when patchType is ${use}`))
  else if ((body.expression ?? '').trim() === '') errors.push(required(`${field}.${name}.expression`))
  else expressions.mutation(body.expression ?? '', use, `${field}.${name}.expression`, errors)
}
