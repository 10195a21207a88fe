import type { ManifestCheck } from '../manifest-check.ts'
import { subjectsOf } from '../rbac-rules.ts'

const everybody: Readonly<Record<string, string>> = {
  'system:anonymous': 'everybody who reaches the API, without credentials',
  'system:unauthenticated': 'everybody who reaches the API, without credentials',
  'system:authenticated': 'every user and every pod with a token',
  'system:serviceaccounts': 'every pod with a token',
  'system:masters': 'those that no authorizer stops, and that cannot be taken away again',
}

/** Groups without a boundary turn one right into a right of the whole world. */
export const rbacSubjects: ManifestCheck = {
  id: 'rbac-subjects',
  severity: 'error',
  title: 'Bindings name people, groups and accounts, not everybody',
  serves: ['A3', 'A6', 'CIS 5.1.7', 'NSA authentication'],
  check: set =>
    subjectsOf(set).flatMap(({ on, subject, field }) => {
      const who = subject.kind !== 'ServiceAccount' && Object.hasOwn(everybody, subject.name) ? everybody[subject.name] : undefined
      return who === undefined ? [] : [{ on, field: `${field}.name`, message: `"${subject.name}" are ${who}` }]
    }),
}
