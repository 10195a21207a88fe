// Sabotage of who may deploy: grants of rights that one does not have, and impersonation.
import type { Sabotage } from './sabotage.ts'

export const p2: readonly Sabotage[] = [
  {
    name: 'whoever may write roles may grant every right',
    file: 'src/access/rights/rbac-escalation.ts',
    from: `  if (missing !== undefined) return refuse(missing)
`,
    to: '',
    proof: 'A5',
  },
  {
    name: 'whoever may write bindings may bind every role',
    file: 'src/access/rights/rbac-escalation.ts',
    from: '  return missing === undefined ? undefined : forbidden(resource, object.metadata.name ?? request.name, missing)',
    to: "  return missing === undefined || resource.plural !== '' ? undefined : forbidden(resource, object.metadata.name ?? request.name, missing)",
    proof: 'A5',
  },
  {
    name: 'updates of roles are not compared with the rights of the user',
    file: 'src/access/rights/rbac-escalation.ts',
    from: "(operation !== 'CREATE' && operation !== 'UPDATE') ||",
    to: "operation !== 'CREATE' ||",
    proof: 'A5',
  },
  {
    name: 'RoleBindings are not compared with the rights of the user',
    file: 'src/access/rights/rbac-escalation.ts',
    from: "new Set(['roles', 'clusterroles', 'rolebindings', 'clusterrolebindings'])",
    to: "new Set(['roles', 'clusterroles', 'clusterrolebindings'])",
    proof: 'A5',
  },
  {
    name: 'ClusterRoles are not compared with the rights of the user',
    file: 'src/access/rights/rbac-escalation.ts',
    from: "new Set(['roles', 'clusterroles', 'rolebindings', 'clusterrolebindings'])",
    to: "new Set(['roles', 'rolebindings', 'clusterrolebindings'])",
    proof: 'A5',
  },
  {
    name: 'aggregation rules need no right',
    file: 'src/access/rights/rbac-escalation.ts',
    from: 'if ((gathers(role) || gathers(old)) && missingRights',
    to: 'if (gathers(old) && missingRights',
    proof: 'A5',
  },
  {
    name: 'labels may add rules to an aggregated role',
    file: 'src/access/rights/rbac-escalation.ts',
    from: 'if (targetName === name || !aggregationSelects(target, role)) continue',
    to: 'if (targetName === name || aggregationSelects(target, role)) continue',
    proof: 'A5',
  },
  {
    name: 'impersonating groups needs no right',
    file: 'src/server/request/impersonate.ts',
    from: `  for (const group of groups) await ask('groups', '', { name: group })
`,
    to: '',
    proof: 'A5',
  },
  {
    name: 'impersonating a user needs no right',
    file: 'src/server/request/impersonate.ts',
    from: `  else await ask('users', '', { name })
`,
    to: '',
    proof: 'A5',
  },
  {
    name: 'impersonating an account needs no right',
    file: 'src/server/request/impersonate.ts',
    from: `  if (account) await ask('serviceaccounts', '', account)
  else await ask('users', '', { name })
`,
    to: `  if (!account) await ask('users', '', { name })
`,
    proof: 'A5',
  },
  {
    name: 'impersonating extra fields needs no right',
    file: 'src/server/request/impersonate.ts',
    from: "await ask('userextras', authenticationGroup, { name: value, subresource: key })",
    to: 'void [value, key]',
    proof: 'A5',
  },
  {
    name: 'impersonating a uid needs no right',
    file: 'src/server/request/impersonate.ts',
    from: `  if (uid !== undefined) await ask('uids', authenticationGroup, { name: uid })
`,
    to: '',
    proof: 'A5',
  },
]
