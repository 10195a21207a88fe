// The mandatory objects of priority and fairness: they may be missing, but their content is fixed.
import { duplicate, type FieldError, invalidValue, required } from '../../field-error.ts'
import type { FlowSchemaSpec, PolicyRulesWithSubjects, PriorityLevelConfigurationSpec } from '../../types/flowcontrol-v1.ts'
import { semanticallyEqual } from '../../validation/semantic-equality.ts'

const everything = (...groups: readonly string[]): PolicyRulesWithSubjects => ({
  subjects: groups.map(name => ({ kind: 'Group', group: { name } })),
  resourceRules: [{ verbs: ['*'], apiGroups: ['*'], resources: ['*'], clusterScope: true, namespaces: ['*'] }],
  nonResourceRules: [{ verbs: ['*'], nonResourceURLs: ['*'] }],
})

export const mandatoryFlowSchemas: ReadonlyMap<string, FlowSchemaSpec> = new Map([
  ['exempt', { priorityLevelConfiguration: { name: 'exempt' }, matchingPrecedence: 1, rules: [everything('system:masters')] }],
  [
    'catch-all',
    {
      priorityLevelConfiguration: { name: 'catch-all' },
      matchingPrecedence: 10_000,
      distinguisherMethod: { type: 'ByUser' },
      rules: [everything('system:unauthenticated', 'system:authenticated')],
    },
  ],
])

export const mandatoryPriorityLevels: ReadonlyMap<string, PriorityLevelConfigurationSpec> = new Map([
  ['exempt', { type: 'Exempt', exempt: { nominalConcurrencyShares: 0, lendablePercent: 0 } }],
  ['catch-all', { type: 'Limited', limited: { nominalConcurrencyShares: 5, lendablePercent: 0, limitResponse: { type: 'Reject' } } }],
])

export function validateMandatoryFlowSchema(name: string, spec: FlowSchemaSpec): FieldError[] {
  const wanted = mandatoryFlowSchemas.get(name)
  if (wanted === undefined || semanticallyEqual(spec, wanted)) return []
  return [invalidValue('spec', spec, `spec of '${name}' must equal the fixed value`)]
}

/** The administrator decides what the exempt level lends. */
export function validateMandatoryPriorityLevel(name: string, spec: PriorityLevelConfigurationSpec): FieldError[] {
  const wanted = mandatoryPriorityLevels.get(name)
  if (wanted === undefined) return []
  if (name === 'exempt') {
    if (spec.type === wanted.type && spec.limited === undefined) return []
    return [invalidValue('spec', spec, `spec of '${name}' except the 'spec.exempt' field must equal the fixed value`)]
  }
  return semanticallyEqual(spec, wanted) ? [] : [invalidValue('spec', spec, `spec of '${name}' must equal the fixed value`)]
}

/** The conditions of both kinds, with their own list type. */
export function validateFlowConditions(conditions: readonly { readonly type?: string }[] | undefined): FieldError[] {
  const types = new Set<string>()
  return (conditions ?? []).flatMap(({ type = '' }, index): FieldError[] => {
    const field = `status.conditions[${index}].type`
    const errors = types.has(type) ? [duplicate(field, type)] : []
    types.add(type)
    return type === '' ? [...errors, required(field, 'must not be empty')] : errors
  })
}
