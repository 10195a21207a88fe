// Sabotage of DenyRules: whom they concern, what they refuse, what depends on them.
import type { Sabotage } from './sabotage.ts'

const rule = 'src/access/rules/deny-rule.ts'
const authorizer = 'src/access/authorizers/deny-rules.ts'
const rights = 'src/access/rights/denied-rights.ts'
const proof = 'A5'

export const a5: readonly Sabotage[] = [
  {
    name: 'DenyRules come after RBAC',
    file: 'src/access/authorizers/index.ts',
    from: '[systemMastersAuthorizer, denyRules, node, tickets, rbac]',
    to: '[systemMastersAuthorizer, node, tickets, rbac, denyRules]',
    proof,
  },
  {
    name: 'a DenyRule concerns only the first group of its user',
    file: authorizer,
    from: '...user.groups.map(group => groups.get(group))',
    to: "groups.get(user.groups[0] ?? '')",
    proof,
  },
  { name: 'a DenyRule of a user concerns nobody', file: authorizer, from: '[users.get(user.name), ...', to: '[...', proof },
  { name: 'a changed DenyRule leaves its old subjects', file: authorizer, from: 'if (old !== undefined) remove(old)', to: '', proof },
  { name: 'a change of DenyRules ends no stream', file: authorizer, from: '    changes.notify()\n', to: '', proof },
  {
    name: 'open streams do not follow DenyRules',
    file: 'src/server/request/access-end.ts',
    from: 'this.#everyBasis?.onChange(() => this.#later(again))',
    to: 'this.#everyBasis?.onChange(() => undefined)',
    proof,
  },
  { name: 'everybody is excepted from a DenyRule', file: rule, from: 'exceptUsers.has(name) ||', to: 'exceptUsers.size > 0 ||', proof },
  {
    name: 'a DenyRule compares only its first rule',
    file: rule,
    from: 'rules.some(rule => ruleRefuses(rule, attributes))',
    to: 'rules.slice(0, 1).some(rule => ruleRefuses(rule, attributes))',
    proof,
  },
  {
    name: 'a request for all namespaces is in none of a DenyRule',
    file: rule,
    from: "namespace === '' ? !isClusterScoped(group, resource) : namespaces.has(namespace)",
    to: 'namespaces.has(namespace)',
    proof,
  },
  {
    name: 'namespaces of a DenyRule are not compared',
    file: rule,
    from: 'if (namespaces === undefined) return true',
    to: 'return true',
    proof,
  },
  {
    name: 'a list is about no name of a DenyRule',
    file: rule,
    from: "resourceNames.length === 0 || name === '' ||",
    to: 'resourceNames.length === 0 ||',
    proof,
  },
  {
    name: 'only the first name of a DenyRule is compared',
    file: rule,
    from: 'resourceNames.includes(name)',
    to: 'resourceNames[0] === name',
    proof,
  },
  { name: 'a question about * is not refused by a DenyRule', file: rule, from: "(value === '*' || list", to: '(list', proof },
  {
    name: 'a DenyRule drops subresources',
    file: rule,
    from: 'rule.resources ?? [], resource, subresource)',
    to: "rule.resources ?? [], resource, '')",
    proof,
  },
  {
    name: 'a slash at the end of a path passes a DenyRule',
    file: rule,
    from: ' || urlMatches(pattern, pageOf(path))',
    to: '',
    proof,
  },
  {
    name: 'a DenyRule refuses the whole cluster, too',
    file: rule,
    from: '!isClusterScoped(group, resource)',
    to: 'true',
    proof,
  },
  {
    name: 'what a DenyRule refuses can be granted to others',
    file: 'src/access/rights/rbac-escalation.ts',
    from: 'deniedGrant(context.denyRules, user, namespace, wanted)',
    to: 'undefined',
    proof,
  },
  {
    name: 'only the first rule of a grant is compared with DenyRules',
    file: rights,
    from: 'for (const right of wanted) {',
    to: 'for (const right of wanted.slice(0, 1)) {',
    proof,
  },
  {
    name: 'reviews of rules do not mention DenyRules',
    file: rights,
    from: 'if (names.length === 0) return',
    to: 'if (names.length >= 0) return',
    proof,
  },
  {
    name: 'an access review does not say denied',
    file: 'src/server/computed/reviews/access-review.ts',
    from: '!verdict.allowed && verdict.denied === true ? { denied: true } : {}',
    to: '{}',
    proof,
  },
]
