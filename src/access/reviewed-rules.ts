// What a SelfSubjectRulesReview tells of a user: the rules of its roles, and those of administrators, who have no role.
import type { UserInfo } from '../api/user.ts'
import { systemMasters } from './access.ts'
import { missingText, type RbacAuthorizer } from './authorizers/rbac.ts'

export function reviewedRules(rbac: Pick<RbacAuthorizer, 'rulesFor'>, user: UserInfo, namespace: string) {
  const { rules, missing } = rbac.rulesFor(user, namespace)
  const all = user.groups.includes(systemMasters)
    ? [{ verbs: ['*'], apiGroups: ['*'], resources: ['*'] }, { verbs: ['*'], nonResourceURLs: ['*'] }, ...rules]
    : rules
  return {
    resourceRules: all.filter(rule => rule.resources !== undefined),
    nonResourceRules: all.filter(rule => rule.nonResourceURLs !== undefined),
    // A role that is missing grants nothing: the list is whole.
    incomplete: false,
    ...(missing.length === 0 ? {} : { evaluationError: missingText(missing) }),
  }
}
