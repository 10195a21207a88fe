// Annotates the audit event of a refused request, so that it can be explained later. Costs nothing for allowed requests.
import type { AuthenticatorOpinion } from '../../../access/access.ts'
import type { ExplainAccess, MissingAccess } from '../../../access/rights/explain-access.ts'
import { writeJson } from '../../../base/write-json.ts'
import { FlowRefusal } from '../../flow-control/flow-refusal.ts'
import {
  decisionAnnotation,
  flowAnnotation,
  missingAnnotation,
  reasonAnnotation,
  refusalsAnnotation,
  webhookAnnotation,
} from '../../request/audit-annotations.ts'
import { AccessRefusal } from '../../request/authorize.ts'

type Annotate = (key: string, value: string) => void

/** `explainAccess` is called only for refusals of the authorizers. */
export function recordRefusal(err: unknown, annotate: Annotate, explainAccess: ExplainAccess | undefined): void {
  if (err instanceof FlowRefusal) annotate(flowAnnotation, err.why)
  if (!(err instanceof AccessRefusal)) return
  annotate(decisionAnnotation, 'forbid')
  annotate(reasonAnnotation, err.reason)
  if (err.webhook !== undefined) annotate(webhookAnnotation, err.webhook)
  // No role can override the denial of a webhook or a DenyRule.
  const missing: MissingAccess | undefined = err.webhook === undefined && !err.isDenied ? explainAccess?.(err.attributes) : undefined
  if (missing) annotate(missingAnnotation, writeJson(missing))
}

const maxOpinions = 16

export function recordOpinions(opinions: readonly AuthenticatorOpinion[], annotate: Annotate): void {
  annotate(refusalsAnnotation, writeJson(opinions.slice(0, maxOpinions)))
}
