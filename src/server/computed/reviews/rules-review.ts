// SelfSubjectRulesReview: the user's rules in a namespace, for `kubectl auth can-i --list`.
import type { KubeObject } from '../../../api/object.ts'
import { badRequest } from '../../../api/status.ts'
import type { UserInfo } from '../../../api/user.ts'
import { objectReply } from '../../answers/respond.ts'
import type { ResourceHandler } from '../../request/request-context.ts'
import type { ReviewParts } from './index.ts'
import { receiveReview } from './receive-review.ts'

export interface ReviewedRules {
  readonly resourceRules: readonly object[]
  readonly nonResourceRules: readonly object[]
  /** Set if an authorizer cannot list its rules, so that there may be more. */
  readonly incomplete: boolean
  readonly evaluationError?: string
}

export type RulesFor = (user: UserInfo, namespace: string) => ReviewedRules

/** Without a source of rules the review is marked incomplete, as upstream does for such authorizers. */
const unknown: RulesFor = () => ({
  resourceRules: [],
  nonResourceRules: [],
  incomplete: true,
  evaluationError: 'no authorizer of this server lists its rules',
})

export function selfSubjectRulesReview({ rulesFor = unknown }: Pick<ReviewParts, 'rulesFor'>): ResourceHandler {
  return async context => {
    const review = await receiveReview(context)
    const { apiVersion, kind, spec } = review as KubeObject & { spec?: { namespace?: string } }
    if (!spec?.namespace) throw badRequest('no namespace on request')
    // As upstream, nothing of the request is returned, not even the namespace.
    const answer = { spec: {}, status: rulesFor(context.user, spec.namespace) }
    return objectReply(context, context.served, { kind, apiVersion, metadata: {}, ...answer }, 201)
  }
}
