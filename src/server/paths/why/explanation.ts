// Explains an audit event: which step decided, by which binding, rule or field, and what would have been allowed.
import type { AuthenticatorOpinion } from '../../../access/access.ts'
import type { AuditEvent, AuditUser } from '../../../access/audit/audit-event.ts'
import { bodyIsSecret } from '../../../access/audit/policy.ts'
import { allowText, type MissingAccess } from '../../../access/rights/explain-access.ts'
import { patchAnnotation, refusedByAnnotation } from '../../../admission/admission.ts'
import { type HookMutation, hookMutationPrefix } from '../../../admission/plugins/mutating-admission-webhook.ts'
import { type MutatedBy, mutatedByAnnotations } from '../../../admission/policy/mutate-by-policies.ts'
import { type HookWait, waitsAnnotation } from '../../../admission/webhook/review-by-hook.ts'
import { isLeftOut } from '../../../api/data-classes/data-class.ts'
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

/** The step of a request that decided. `request` is the verb itself: the object does not exist, or not in the requested form. */
export type Step = 'authentication' | 'flow-control' | 'authorization' | 'admission' | 'validation' | 'conflict' | 'request' | 'server'

export interface Explanation {
  readonly kind: 'Explanation'
  readonly apiVersion: 'why.bulkhead.dev/v1'
  /** Absent if nothing was sent. */
  readonly auditID?: string
  readonly time?: string
  readonly allowed: boolean
  /** The step that refused; absent if the request was allowed. */
  readonly refusedBy?: Step
  readonly request: ExplainedRequest
  readonly answer?: { readonly code: number; readonly reason?: string; readonly message?: string }
  readonly authentication: {
    readonly user: string
    readonly groups: readonly string[]
    readonly authenticator?: string
    /** The impersonated user. */
    readonly impersonated?: { readonly user: string; readonly groups: readonly string[] }
    /** For a 401: why each authenticator refused. */
    readonly refusals?: readonly AuthenticatorOpinion[]
  }
  readonly authorization?: {
    readonly decision: string
    readonly reason?: string
    /** The authorizer that decided. */
    readonly webhook?: string
    /** Errors of authorizers that could not be called. */
    readonly error?: string
    readonly missing?: MissingAccess
  }
  readonly flowControl?: { readonly reason: string }
  readonly admission?: { readonly plugin: string; readonly patch?: unknown }
  /** The policies that changed the object before validation, in order, for each round. */
  readonly mutatedBy?: readonly MutatedBy[]
  /** The webhooks that changed it, in call order, for each round. */
  readonly mutatedByWebhooks?: readonly Pick<HookMutation, 'webhook' | 'configuration'>[]
  /** Webhooks that delayed the request or did not respond. */
  readonly webhooks?: readonly HookWait[]
  /** The refused fields, each with its rule. */
  readonly fields?: readonly StatusCause[]
  /** Advice, if neither a rule nor a patch says it. */
  readonly advice?: string
  /** A later refused request without valid credentials, whose sender is unknown. Shown to users who may ask about all requests. */
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
 * Pure. Contains only data of the event. The sender of the request has seen the whole refusal; `others` get no text that could contain values of
 * a Secret.
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

/** Messages from before the body was read contain no secrets. */
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
  // Annotations are in the order of their creation.
  const changes = Object.entries(annotations).flatMap(([key, text]) => {
    if (!key.startsWith(hookMutationPrefix) || isLeftOut(text)) return []
    const { configuration, webhook, mutated } = parseJson(text) as HookMutation
    return mutated ? [{ configuration, webhook }] : []
  })
  return changes.length === 0 ? {} : { mutatedByWebhooks: changes }
}

/** Only this server writes these annotations, and completely, or leaves them out for their data class. */
function parsed<T, K extends string>(key: K, text: string | undefined): { readonly [P in K]?: T } {
  return text === undefined || isLeftOut(text) ? {} : ({ [key]: parseJson(text) } as { [P in K]?: T })
}
