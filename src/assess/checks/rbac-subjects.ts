import type { ManifestCheck } from '../manifest-check.ts'
import { subjectsOf } from '../rbac-rules.ts'

const everybody: Readonly<Record<string, string>> = {
  'system:anonymous': 'everybody who can reach the API, without credentials',
  'system:unauthenticated': 'everybody who can reach the API, without credentials',
  'system:authenticated': 'every user and every pod with a token',
  'system:serviceaccounts': 'every pod with a token',
  'system:masters': 'users whom no authorizer restricts, and whose rights cannot be revoked',
}

/** A group without limits gives a right to everybody. */
export const rbacSubjects: ManifestCheck = {
  id: 'rbac-subjects',
  severity: 'error',
  title: 'Bindings name users, groups and accounts, not everybody',
  serves: ['A3', 'A6', 'CIS 5.1.7', 'NSA authentication'],
  check: set =>
    subjectsOf(set).flatMap(({ on, subject, field }) => {
      const who = subject.kind !== 'ServiceAccount' && Object.hasOwn(everybody, subject.name) ? everybody[subject.name] : undefined
      return who === undefined ? [] : [{ on, field: `${field}.name`, message: `"${subject.name}" are ${who}` }]
    }),
}
