// Written from the lines that enforce, without a look at the attempts of the proof.
import type { Sabotage } from './sabotage.ts'

export const a5: readonly Sabotage[] = [
  {
    name: 'a wide rule with names covers a request without one',
    file: 'src/access/rules/rule-index.ts',
    from: '(names === undefined || (name !== undefined && names.has(name)))',
    to: '(names === undefined || !name || names.has(name))',
    proof: 'A5',
  },
  {
    name: 'a rule for every subresource of that name gives the resource, too',
    file: 'src/access/rules/rule-index.ts',
    from: "(subresource !== '' && includes(resources.get(`*/${subresource}`), verb, group, name, steps))",
    to: "includes(resources.get(`*/${subresource === '' ? 'status' : subresource}`), verb, group, name, steps)",
    proof: 'A5',
  },
  {
    name: 'rules of all groups are not compared by group',
    file: 'src/access/rules/rule-index.ts',
    from: "inCell(byGroup.get(group), name) || inCell(byGroup.get('*'), name)",
    to: "inCell(byGroup.get(group), name) || inCell(byGroup.get('*') ?? byGroup.get(''), name)",
    proof: 'A5',
  },
  {
    name: 'a binding that gets other subjects grants to the old ones, too',
    file: 'src/access/authorizers/rbac.ts',
    from: 'for (const grant of old.grants) removeGrant(grant)',
    to: 'for (const grant of old.grants.slice(1)) removeGrant(grant)',
    proof: 'A5',
  },
  {
    name: 'bindings count as equal if they have as many subjects',
    file: 'src/access/authorizers/rbac.ts',
    from: 'isDeepStrictEqual(old.subjects ?? [], now.subjects ?? [])',
    to: '(old.subjects ?? []).length === (now.subjects ?? []).length',
    proof: 'A5',
  },
  {
    name: 'binding needs no right for roles of the namespace',
    file: 'src/access/rights/rbac-escalation.ts',
    from: `const plural = roleRef.kind === 'Role' ? 'roles' : 'clusterroles'
`,
    to: `const plural = roleRef.kind === 'Role' ? 'roles' : 'clusterroles'
  if (roleRef.kind === 'Role') return undefined
`,
    proof: 'A5',
  },
  {
    name: 'only the first verb of a rule needs to be held',
    file: 'src/access/rules/rule-cover.ts',
    from: `for (const verb of rule.verbs) {
        const piece`,
    to: `for (const verb of rule.verbs.slice(0, 1)) {
        const piece`,
    proof: 'A5',
  },
  {
    name: 'URLs of a rule need not be held',
    file: 'src/access/rules/rule-cover.ts',
    from: 'for (const url of rule.nonResourceURLs ?? []) {',
    to: 'for (const url of (rule.nonResourceURLs ?? []).slice(0, 0)) {',
    proof: 'A5',
  },
  {
    name: 'names of a rule are not compared when it is granted',
    file: 'src/access/rules/rule-cover.ts',
    from: 'resourceNames: [name] }',
    to: 'resourceNames: names }',
    proof: 'A5',
  },
  {
    name: 'an account of a malformed name is impersonated as a user without a group',
    file: 'src/server/request/impersonate.ts',
    from: "for (const group of groups) await ask('groups', '', { name: group })",
    to: "for (const group of groups.filter(each => !each.startsWith('system:'))) await ask('groups', '', { name: group })",
    proof: 'A5',
  },
  {
    name: 'the right to impersonate one user gives all',
    file: 'src/server/request/impersonate.ts',
    from: "else await ask('users', '', { name })",
    to: "else await ask('users', '', { name: user.name === name ? name : name.slice(0, 0) || 'ann' })",
    proof: 'A5',
  },
  {
    name: 'verbs of a DenyRule are not compared with all',
    file: 'src/access/rules/deny-rule.ts',
    from: "list !== undefined && list.length > 0 && (value === '*' || list.includes('*') || list.includes(value))",
    to: "list !== undefined && list.length > 0 && (value === '*' || list.includes(value))",
    proof: 'A5',
  },
  {
    name: 'a deleted DenyRule still refuses',
    file: 'src/access/authorizers/deny-rules.ts',
    from: `if (object !== undefined) {
      const rule = compileDenyRule(object)`,
    to: `if (object === undefined && old !== undefined) add(old)
    if (object !== undefined) {
      const rule = compileDenyRule(object)`,
    proof: 'A5',
  },
]
