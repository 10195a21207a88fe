// bulkhead.dev/v1alpha1 DenyRule: requests that are refused whatever roles allow them. It is of the cluster, so that no right within a namespace lifts it.
import { type FieldError, forbiddenField, invalidValue, required, tooLong, tooMany } from '../../field-error.ts'
import type { DenyRule } from '../../types/bulkhead-v1alpha1.ts'
import type { Subject } from '../../types/rbac-v1.ts'
import { dns1123Label } from '../../validation/names.ts'
import { rbacGroup, validateSubjects } from '../rbac/binding.ts'
import { validatePolicyRules } from '../rbac/policy-rule.ts'
import { defineResource } from '../resource.ts'
import { ageColumn, nameColumn } from '../standard-columns.ts'

/** Limits of one object. `words`: verbs, groups, resources, names and paths of one of its rules. */
export const maxDenyRule = { reasonCharacters: 1024, subjects: 200, namespaces: 200, rules: 50, words: 500 }

export const denyRule = defineResource<DenyRule>({
  group: 'bulkhead.dev',
  version: 'v1alpha1',
  kind: 'DenyRule',
  plural: 'denyrules',
  namespaced: false,
  countsGeneration: true,
  columns: [
    nameColumn,
    { name: 'Subjects', type: 'string', cell: ({ spec }) => spec.subjects.map(({ kind, name }) => `${kind}/${name}`).join(',') },
    { name: 'Namespaces', type: 'string', cell: ({ spec }) => (spec.namespaces ?? ['*']).join(',') },
    { name: 'Reason', type: 'string', priority: 1, cell: ({ spec }) => spec.reason },
    ageColumn,
  ],
  setDefaults({ spec }) {
    for (const subject of [...(spec?.subjects ?? []), ...(spec?.exceptSubjects ?? [])])
      if (subject.kind === 'User' || subject.kind === 'Group') subject.apiGroup ||= rbacGroup
  },
  validate,
})

function validate({ spec }: DenyRule): FieldError[] {
  const { reason = '', subjects = [], exceptSubjects = [], namespaces, rules = [] } = spec ?? {}
  const { reasonCharacters, ...max } = maxDenyRule
  const count = (field: string, length: number, limit: number): FieldError[] => (length > limit ? [tooMany(field, length, limit)] : [])
  const people = (field: string, list: readonly Subject[]): FieldError[] => [
    ...count(field, list.length, max.subjects),
    ...validateSubjects(list.slice(0, max.subjects), false, field),
  ]
  return [
    ...(reason.trim() === '' ? [required('spec.reason', 'each refusal contains it')] : []),
    ...(reason.length > reasonCharacters ? [tooLong('spec.reason', reasonCharacters)] : []),
    ...(subjects.length === 0 ? [required('spec.subjects', 'must name whose requests are refused')] : []),
    ...people('spec.subjects', subjects),
    ...people('spec.exceptSubjects', exceptSubjects),
    ...(namespaces?.length === 0 ? [required('spec.namespaces', 'leave it out for all namespaces and the cluster')] : []),
    ...count('spec.namespaces', namespaces?.length ?? 0, max.namespaces),
    ...(namespaces ?? []).flatMap((namespace, index) =>
      dns1123Label(namespace).map(message => invalidValue(`spec.namespaces[${index}]`, namespace, message)),
    ),
    ...(rules.length === 0 ? [required('spec.rules', 'must say which requests are refused')] : []),
    ...count('spec.rules', rules.length, max.rules),
    ...validatePolicyRules(rules.slice(0, max.rules), false).map(error => ({ ...error, field: `spec.${error.field}` })),
    ...rules.slice(0, max.rules).flatMap((rule, index) => {
      const { verbs = [], apiGroups = [], resources = [], resourceNames = [], nonResourceURLs = [] } = rule
      const words = [verbs, apiGroups, resources, resourceNames, nonResourceURLs].reduce((sum, list) => sum + list.length, 0)
      return [
        ...count(`spec.rules[${index}]`, words, max.words),
        ...(namespaces !== undefined && nonResourceURLs.length > 0
          ? [forbiddenField(`spec.rules[${index}].nonResourceURLs`, 'paths are in no namespace: use a DenyRule without spec.namespaces')]
          : []),
      ]
    }),
  ]
}
