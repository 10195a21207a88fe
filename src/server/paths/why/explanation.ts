// From an audit event to an explanation: who decided, by which binding, rule or field, and what would have passed.
import type { AuthenticatorOpinion } from '../../../access/access.ts'
import type { AuditEvent, AuditUser } from '../../../access/audit/audit-event.ts'
import { bodyIsSecret } from '../../../access/audit/policy.ts'
import { allowText, type MissingAccess } from '../../../access/explain-access.ts'
import { patchAnnotation, refusedByAnnotation } from '../../../admission/admission.ts'
import { type HookMutation, hookMutationPrefix } from '../../../admission/plugins/mutating-admission-webhook.ts'
import { type MutatedBy, mutatedByAnnotations } from '../../../admission/policy/mutate-by-policies.ts'
import { type HookWait, waitsAnnotation } from '../../../admission/webhook/review-by-hook.ts'
import type { StatusCause } from '../../../api/types/meta-v1.ts'
import { parseJson } from '../../../base/json.ts'
import {
  decisionAnnotation,
  flowAnnotation,
  missingAnnotation,
  reasonAnnotation,
  refusalsAnnotation,
  webhookAnnotation,
} from '../../request/audit-annotations.ts'
import { adviceFor } from './advice.ts'

/** Which step of a request had the last word. `request` is the verb itself: what it was asked for is not there, or not in that form. */
export type Step = 'authentication' | 'flow-control' | 'authorization' | 'admission' | 'validation' | 'conflict' | 'request' | 'server'

export interface Explanation {
  readonly kind: 'Explanation'
  readonly apiVersion: 'why.bulkhead.dev/v1'
  /** Absent where nothing was sent. */
  readonly auditID?: string
  readonly time?: string
  readonly allowed: boolean
  /** Who refused; absent for what was allowed. */
  readonly refusedBy?: Step
  readonly request: ExplainedRequest
  readonly answer?: { readonly code: number; readonly reason?: string; readonly message?: string }
  readonly authentication: {
    readonly user: string
    readonly groups: readonly string[]
    readonly authenticator?: string
    /** As whom the user acted. */
    readonly impersonated?: { readonly user: string; readonly groups: readonly string[] }
    /** Why each authenticator refused, of a 401. */
    readonly refusals?: readonly AuthenticatorOpinion[]
  }
  readonly authorization?: {
    readonly decision: string
    readonly reason?: string
    /** The one that decided. */
    readonly webhook?: string
    /** Of those who could not be asked. */
    readonly error?: string
    readonly missing?: MissingAccess
  }
  readonly flowControl?: { readonly reason: string }
  readonly admission?: { readonly plugin: string; readonly patch?: unknown }
  /** The policies that changed the object before it was judged, in their order: of each round. */
  readonly mutatedBy?: readonly MutatedBy[]
  /** The webhooks that did, in the order in which they were asked: of each round. */
  readonly mutatedByWebhooks?: readonly Pick<HookMutation, 'webhook' | 'configuration'>[]
  /** Those that were waited for, or did not answer. */
  readonly webhooks?: readonly HookWait[]
  /** The fields that were refused, and the rule that refused each. */
  readonly fields?: readonly StatusCause[]
  /** What would help, where neither a rule nor a patch says it. */
  readonly advice?: string
  /** A request without valid credentials that was refused since: nobody can say whose it was. Shown to those who may ask about everybody's. */
  readonly newer?: { readonly auditID: string; readonly time: string; readonly path: string; readonly sourceIP?: string }
}

export interface ExplainedRequest {
  readonly verb: string
  readonly path?: string
  readonly group?: string
  readonly resource?: string
  readonly subresource?: string
  readonly namespace?: string
  readonly name?: string
}

/**
 * Pure. Holds nothing that the event does not hold. Whoever made the request has read the whole refusal; `others` are told no text in which values of
 * a Secret could be.
 */
export function explainEvent(event: AuditEvent, to: 'requester' | 'others'): Explanation {
  const { annotations = {}, responseStatus, objectRef } = event
  const code = responseStatus?.code ?? 0
  const allowed = code < 400
  const secret = to === 'others' && objectRef !== undefined && bodyIsSecret(objectRef)
  const causes = responseStatus?.details?.causes?.map(({ message, ...cause }) =>
    secret || message === undefined ? cause : { ...cause, message },
  )
  const refusedBy = allowed ? undefined : stepOf(code, annotations)
  const plugin = annotations[refusedByAnnotation]
  const message = secretText(secret, refusedBy) ? '' : (responseStatus?.message ?? '')
  const advice = allowed ? undefined : adviceFor(event, { step: refusedBy, plugin, message })
  return {
    kind: 'Explanation',
    apiVersion: 'why.bulkhead.dev/v1',
    auditID: event.auditID,
    time: event.requestReceivedTimestamp,
    allowed,
    ...(refusedBy === undefined ? {} : { refusedBy }),
    request: requestOf(event),
    answer: {
      code,
      ...(responseStatus?.reason === undefined ? {} : { reason: responseStatus.reason }),
      ...(responseStatus?.message === undefined || secretText(secret, refusedBy) ? {} : { message: responseStatus.message }),
    },
    authentication: authenticationOf(event, annotations),
    ...authorizationOf(event.impersonatedUser ?? event.user, annotations),
    ...(annotations[flowAnnotation] === undefined ? {} : { flowControl: { reason: annotations[flowAnnotation] } }),
    ...(plugin === undefined ? {} : { admission: { plugin, ...parsed('patch', annotations[patchAnnotation]) } }),
    ...mutatedBy(annotations),
    ...mutatedByWebhooks(annotations),
    ...parsed<readonly HookWait[], 'webhooks'>('webhooks', annotations[waitsAnnotation]),
    ...(causes === undefined ? {} : { fields: causes }),
    ...(advice === undefined ? {} : { advice }),
  }
}

/** What was said before the body was looked at is no secret. */
const secretText = (secret: boolean, by: Step | undefined): boolean => secret && by !== 'authentication' && by !== 'authorization'

function stepOf(code: number, annotations: Readonly<Record<string, string>>): Step {
  if (code === 401) return 'authentication'
  if (annotations[flowAnnotation] !== undefined) return 'flow-control'
  if (annotations[refusedByAnnotation] !== undefined) return 'admission'
  if (annotations[decisionAnnotation] === 'forbid') return 'authorization'
  if (code === 422) return 'validation'
  if (code === 409) return 'conflict'
  return code >= 500 ? 'server' : 'request'
}

function requestOf({ verb, requestURI, objectRef }: AuditEvent): ExplainedRequest {
  if (objectRef === undefined) return { verb, path: requestURI.split('?', 1)[0] ?? '' }
  const { resource, namespace, name, apiGroup, subresource } = objectRef
  return {
    ...{ verb, resource },
    ...(apiGroup === undefined ? {} : { group: apiGroup }),
    ...(subresource === undefined ? {} : { subresource }),
    ...(namespace === undefined ? {} : { namespace }),
    ...(name === undefined ? {} : { name }),
  }
}

function authenticationOf({ user, impersonatedUser }: AuditEvent, annotations: Readonly<Record<string, string>>) {
  const authenticator = annotations['authentication.bulkhead.dev/authenticator']
  const named = ({ username, groups }: AuditUser) => ({ user: username, groups })
  return {
    ...named(user),
    ...(authenticator === undefined ? {} : { authenticator }),
    ...(impersonatedUser ? { impersonated: named(impersonatedUser) } : {}),
    ...parsed<readonly AuthenticatorOpinion[], 'refusals'>('refusals', annotations[refusalsAnnotation]),
  }
}

function authorizationOf(user: AuditUser, annotations: Readonly<Record<string, string>>): Pick<Explanation, 'authorization'> {
  const decision = annotations[decisionAnnotation]
  if (decision === undefined) return {}
  const given = annotations[reasonAnnotation] ?? ''
  const webhook = annotations[webhookAnnotation]
  const reason = decision === 'allow' && webhook === undefined ? allowText(user.groups, given) : given
  return {
    authorization: {
      decision,
      ...(reason === '' ? {} : { reason }),
      ...(webhook === undefined ? {} : { webhook }),
      ...parsed<MissingAccess, 'missing'>('missing', annotations[missingAnnotation]),
    },
  }
}

function mutatedBy(annotations: Readonly<Record<string, string>>): Pick<Explanation, 'mutatedBy'> {
  const rounds = mutatedByAnnotations.flatMap(name => parsed<readonly MutatedBy[], 'by'>('by', annotations[name]).by ?? [])
  return rounds.length === 0 ? {} : { mutatedBy: rounds }
}

function mutatedByWebhooks(annotations: Readonly<Record<string, string>>): Pick<Explanation, 'mutatedByWebhooks'> {
  // Annotations stand in the order in which they were made.
  const changes = Object.entries(annotations).flatMap(([key, text]) => {
    if (!key.startsWith(hookMutationPrefix)) return []
    const { configuration, webhook, mutated } = parseJson(text) as HookMutation
    return mutated ? [{ configuration, webhook }] : []
  })
  return changes.length === 0 ? {} : { mutatedByWebhooks: changes }
}

/** Only this server writes these annotations, and it writes them whole. */
function parsed<T, K extends string>(key: K, text: string | undefined): { readonly [P in K]?: T } {
  return text === undefined ? {} : ({ [key]: parseJson(text) } as { [P in K]?: T })
}
