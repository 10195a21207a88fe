// What a SelfSubjectRulesReview tells of a user: the rules of its roles, and whether there is more.
import type { UserInfo } from '../api/user.ts'
import { aggregated } from '../base/aggregated.ts'
import { type AnyAuthorizer, isLocal } from './authorize.ts'
import { isNode } from './authorizers/node.ts'
import { missingTexts, type RbacAuthorizer } from './authorizers/rbac.ts'
import { isOwnPart } from './own-parts.ts'

export function reviewedRules(
  authorizers: readonly AnyAuthorizer[],
  rbac: Pick<RbacAuthorizer, 'rulesFor'>,
  user: UserInfo,
  namespace: string,
) {
  const { rules, missing } = rbac.rulesFor(user, namespace)
  const node = isNode(user)
  const webhook = authorizers.some(authorizer => !isLocal(authorizer)) && !isOwnPart(user)
  const errors = [
    ...(node ? ['node authorizer does not support user rule resolution'] : []),
    ...missingTexts(missing),
    ...(webhook ? ['webhook authorizer does not support user rule resolution'] : []),
  ]
  return {
    resourceRules: rules.filter(rule => rule.resources !== undefined),
    nonResourceRules: rules.filter(rule => rule.nonResourceURLs !== undefined),
    // A role that is missing grants nothing: the list is whole.
    incomplete: node || webhook,
    ...(errors.length === 0 ? {} : { evaluationError: aggregated(errors) }),
  }
}
