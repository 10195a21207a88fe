// The common parts of RoleBinding and ClusterRoleBinding: subjects and role reference.
import { writeJson } from '../../../base/write-json.ts'
import { type FieldError, invalidValue, notSupported, required } from '../../field-error.ts'
import type { KubeObject } from '../../object.ts'
import type { RoleRef, Subject } from '../../types/rbac-v1.ts'
import { invalidShown } from '../../validation/go-syntax.ts'
import { dns1123Subdomain, nameIsPathSegment } from '../../validation/names.ts'
import type { Column } from '../resource.ts'
import { ageColumn, nameColumn } from '../standard-columns.ts'

export const rbacGroup = 'rbac.authorization.k8s.io'

export interface Binding extends KubeObject {
  subjects?: Subject[]
  roleRef: RoleRef
}

/** Users, groups and the role default to this group; service accounts are in the core group. */
export function setBindingDefaults(binding: Binding): void {
  binding.roleRef ??= { apiGroup: '', kind: '', name: '' }
  binding.roleRef.apiGroup ||= rbacGroup
  for (const subject of binding.subjects ?? []) {
    if (subject.kind === 'User' || subject.kind === 'Group') subject.apiGroup ||= rbacGroup
  }
}

/** `kinds` are the allowed kinds of the role reference. */
export function validateBinding(binding: Binding, kinds: readonly string[], namespaced: boolean): FieldError[] {
  const errors: FieldError[] = []
  const { roleRef } = binding
  if (roleRef.apiGroup !== rbacGroup) errors.push(notSupported('roleRef.apiGroup', roleRef.apiGroup, [rbacGroup]))
  if (!kinds.includes(roleRef.kind)) errors.push(notSupported('roleRef.kind', roleRef.kind, kinds))
  if (roleRef.name === '') errors.push(required('roleRef.name'))
  else for (const message of nameIsPathSegment(roleRef.name, false)) errors.push(invalidValue('roleRef.name', roleRef.name, message))
  return [...errors, ...validateSubjects(binding.subjects ?? [], namespaced, 'subjects')]
}

/** `namespaced`: a ServiceAccount without a namespace is that of the object. */
export function validateSubjects(subjects: readonly Subject[], namespaced: boolean, field: string): FieldError[] {
  const errors: FieldError[] = []
  for (const [index, subject] of subjects.entries()) validateSubject(subject, namespaced, `${field}[${index}]`, errors)
  return errors
}

/** A binding's role is immutable: changing it would grant rights that no one approved. */
export function validateRoleRefUnchanged(binding: Binding, old: Binding): FieldError[] {
  const { apiGroup, kind, name } = old.roleRef
  const now = binding.roleRef
  if (now.apiGroup === apiGroup && now.kind === kind && now.name === name) return []
  const [group, kindName, refName] = [now.apiGroup, now.kind, now.name].map(text => writeJson(text))
  return [invalidShown('roleRef', `rbac.RoleRef{APIGroup:${group}, Kind:${kindName}, Name:${refName}}`, 'cannot change roleRef')]
}

function validateSubject(subject: Subject, namespaced: boolean, at: string, errors: FieldError[]): void {
  const field = (name: string): string => `${at}.${name}`
  const { name, apiGroup = '' } = subject
  if (name === '') errors.push(required(field('name')))
  switch (subject.kind) {
    case 'ServiceAccount':
      if (name !== '') for (const message of dns1123Subdomain(name)) errors.push(invalidValue(field('name'), name, message))
      if (apiGroup !== '') errors.push(notSupported(field('apiGroup'), apiGroup, ['']))
      if (!namespaced && (subject.namespace ?? '') === '') errors.push(required(field('namespace')))
      return
    case 'User':
    case 'Group':
      if (apiGroup !== rbacGroup) errors.push(notSupported(field('apiGroup'), apiGroup, [rbacGroup]))
      return
    default:
      errors.push(notSupported(field('kind'), subject.kind, ['ServiceAccount', 'User', 'Group']))
  }
}

const subjectsOf = (kind: string) => (binding: Binding) =>
  (binding.subjects ?? [])
    .filter(subject => subject.kind === kind)
    .map(subject => (kind === 'ServiceAccount' ? `${subject.namespace ?? ''}/${subject.name}` : subject.name))
    .join(', ')

export const bindingColumns: readonly Column<Binding>[] = [
  nameColumn,
  { name: 'Role', type: 'string', cell: ({ roleRef }) => `${roleRef.kind}/${roleRef.name}` },
  ageColumn,
  { name: 'Users', type: 'string', priority: 1, cell: subjectsOf('User') },
  { name: 'Groups', type: 'string', priority: 1, cell: subjectsOf('Group') },
  { name: 'ServiceAccounts', type: 'string', priority: 1, cell: subjectsOf('ServiceAccount') },
]
