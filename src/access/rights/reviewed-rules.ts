// The answer to a SelfSubjectRulesReview: the rules of the user's roles, and whether it is complete.

import { aggregated } from '../../api/go-text/aggregate-message.ts'
import type { UserInfo } from '../../api/user.ts'
import { type AnyAuthorizer, isLocal } from '../authorize.ts'
import { isNode } from '../authorizers/node.ts'
import { isOwnPart } from '../authorizers/own-parts.ts'
import { missingTexts, type RbacAuthorizer } from '../authorizers/rbac.ts'
import { ruleKey } from '../rules/cluster-role-aggregation.ts'
import type { PolicyRule } from '../rules/rbac-object.ts'
import type { RuleIndex } from '../rules/rule-index.ts'
import { type ConcerningRules, withoutDenied } from './denied-rights.ts'

/** Limits of one answer. */
export const maxReviewed = { rules: 5000, characters: 2 ** 20 }
/** Equal rules of different roles are listed once, but each is visited. */
const maxVisited = { rules: 20_000, characters: 2 ** 22 }

export function reviewedRules(
  authorizers: readonly AnyAuthorizer[],
  rbac: Pick<RbacAuthorizer, 'rolesFor'>,
  denyRules: ConcerningRules,
  user: UserInfo,
  namespace: string,
) {
  const { roles, missing, truncated } = rbac.rolesFor(user, namespace)
  const { rules: granted, whole } = distinctRules(roles)
  const { rules, note } = withoutDenied(denyRules, user, namespace, granted)
  const node = isNode(user)
  const webhook = authorizers.some(authorizer => !isLocal(authorizer)) && !isOwnPart(user)
  const errors = [
    ...(node ? ['node authorizer does not support user rule resolution'] : []),
    ...missingTexts(missing),
    ...(webhook ? ['webhook authorizer does not support user rule resolution'] : []),
    ...(truncated || !whole
      ? [`only the first ${granted.length} rules are listed: the roles of the user have more than a review shows`]
      : []),
    ...(note === undefined ? [] : [note]),
  ]
  return {
    resourceRules: rules.filter(rule => rule.resources !== undefined),
    nonResourceRules: rules.filter(rule => rule.nonResourceURLs !== undefined),
    // A missing role grants nothing: the list is complete.
    incomplete: node || webhook || truncated || !whole || note !== undefined,
    ...(errors.length === 0 ? {} : { evaluationError: aggregated(errors) }),
  }
}

/** Each rule once, within the limits. */
function distinctRules(roles: readonly RuleIndex[]): { readonly rules: readonly PolicyRule[]; readonly whole: boolean } {
  const rules = new Map<string, PolicyRule>()
  const visited = { rules: 0, characters: 0 }
  let characters = 0
  for (const role of roles) {
    for (const rule of role.rules) {
      const key = ruleKey(rule)
      visited.rules += 1
      visited.characters += key.length
      const isWithin = visited.rules <= maxVisited.rules && visited.characters <= maxVisited.characters
      if (isWithin && rules.has(key)) continue
      characters += key.length
      if (!isWithin || rules.size === maxReviewed.rules || characters > maxReviewed.characters)
        return { rules: [...rules.values()], whole: false }
      rules.set(key, rule)
    }
  }
  return { rules: [...rules.values()], whole: true }
}
