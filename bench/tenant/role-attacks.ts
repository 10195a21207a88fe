// Attacks on decisions and reviews through roles and bindings.
import { attackedNamespace, worstRbac } from '../../src/access/rights/tenant-attack.testing.ts'
import type { Attack, AttackRequest } from './attack.ts'
import { attacker, grouped, rbacGroup, some, text } from './tenant-paths.ts'

/** Roles and bindings within the attacker's rights and quota, which a decision has to search. */
function* roles(): Generator<AttackRequest> {
  const grantable = { verbs: ['get', 'list', 'watch', 'create', 'update'], apiGroups: [''], resources: ['configmaps'] }
  for (const { kind, object } of worstRbac({ roles: 60, bindingsOfRole: 15, rulesOfRole: 1500, subjectsOfBinding: 200, missingRoles: 0 })) {
    if (kind === 'Role') {
      const rules = object.rules?.map(rule => ({ ...rule, ...grantable }))
      yield ['POST', grouped(rbacGroup, 'roles'), text({ ...object, rules })]
    } else if (kind === 'RoleBinding') {
      const subjects = [{ kind: 'User', apiGroup: rbacGroup, name: attacker }, ...('subjects' in object ? (object.subjects ?? []) : [])]
      yield ['POST', grouped(rbacGroup, 'rolebindings'), text({ ...object, subjects })]
    }
  }
}

export const roleAttacks: readonly Attack[] = [
  { id: 'refused', title: '403 beside 90,000 rules', prepare: roles, request: () => ['GET', `/api/v1/namespaces/good/secrets`] },
  {
    id: 'rules-review',
    title: 'SelfSubjectRulesReviews',
    request: () => ['POST', '/apis/authorization.k8s.io/v1/selfsubjectrulesreviews', text({ spec: { namespace: attackedNamespace } })],
  },
  {
    id: 'bindings',
    cycle: 100,
    title: 'RoleBindings made and deleted',
    request: number => {
      const name = `churn-${(number >> 1) % 50}`
      if (number % 2 === 1) return ['DELETE', `${grouped(rbacGroup, 'rolebindings')}/${name}`]
      const subjects = some(3000, at => ({ kind: 'User', apiGroup: rbacGroup, name: `u${at}` }))
      return [
        'POST',
        grouped(rbacGroup, 'rolebindings'),
        text({ metadata: { name }, subjects, roleRef: { apiGroup: rbacGroup, kind: 'Role', name: 'r0' } }),
      ]
    },
  },
  {
    id: 'roles',
    cycle: 60,
    title: 'Roles that stand for as many rights as may be',
    request: number => [
      'PUT',
      `${grouped(rbacGroup, 'roles')}/r${number % 60}`,
      text({
        metadata: { name: `r${number % 60}` },
        rules: some(1500, at => ({
          verbs: ['get', 'list', 'watch', 'create', 'update'],
          apiGroups: [''],
          resources: ['configmaps', 'secrets', 'pods', 'services', 'endpoints'],
          resourceNames: [`n${at + number}`],
        })),
      }),
    ],
  },
]
