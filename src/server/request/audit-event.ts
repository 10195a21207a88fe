// Makes the audit event of a request (audit.k8s.io/v1).
import type { AuditEvent, AuditUser } from '../../access/audit/audit-event.ts'
import type { AuditFailure } from '../../access/audit/audit-failure.ts'
import type { FoundEvent } from '../../access/audit/find-event.ts'
import { type AuditDecision, type AuditedRequest, bodyIsSecret } from '../../access/audit/policy.ts'
import type { Status } from '../../api/status.ts'
import type { UserInfo } from '../../api/user.ts'
import { formatMicroTime } from '../../base/clock.ts'
import type { RequestInfo } from './request-info.ts'

/** Records events. The promise resolves when the event is durable; writes are answered only then. It rejects with an `AuditFailure` whose message a client may see. */
export interface AuditSink {
  record(event: AuditEvent): Promise<void> | undefined
  /** Why writes must be refused now, before they happen; undefined while they can be recorded. */
  refusal?(): AuditFailure | undefined
  /** Which bodies to record; undefined if no bodies are ever recorded. Called before a body is read. */
  decide?(asked: AuditedRequest): AuditDecision | undefined
  /** Whether records about this namespace are sealed to readers; '' for what is in none. Without the function none are. */
  seals?(namespace: string): boolean
  /** Finds a recorded event; undefined if that takes unreasonable effort. Without this function only recent refusals can be explained. */
  find?(auditId: string, signal: AbortSignal): Promise<FoundEvent | undefined>
}

export interface AuditFacts {
  readonly auditId: string
  readonly url: string
  readonly method: string
  readonly info: RequestInfo | undefined
  readonly user: UserInfo
  readonly impersonated: UserInfo | undefined
  readonly remoteAddress: string
  readonly userAgent: string | undefined
  readonly received: number
  readonly annotations: Readonly<Record<string, string>> | undefined
  /** The name of a created object. */
  readonly name: string | undefined
}

/** The facts for the audit policy, known after authentication. */
export function auditedRequestOf(facts: Pick<AuditFacts, 'url' | 'method' | 'user'>, info: RequestInfo): AuditedRequest {
  return {
    verb: info.verb,
    user: auditUser(facts.user),
    requestURI: facts.url,
    ...(info.isResource ? { objectRef: objectRef(info, undefined) } : {}),
  }
}

export function auditEvent(
  facts: AuditFacts,
  stage: AuditEvent['stage'],
  now: number,
  code: number,
  failure: Status | undefined,
): AuditEvent {
  const { info, userAgent, impersonated, annotations } = facts
  // Single assignments: there is an event per request, and conditional spreads would cost more than everything else.
  const event: Draft<AuditEvent> = {
    level: 'Metadata',
    auditID: facts.auditId,
    stage,
    requestURI: facts.url,
    verb: info?.verb ?? facts.method.toLowerCase(),
    user: auditUser(facts.user),
    sourceIPs: [facts.remoteAddress],
    responseStatus: { code },
    requestReceivedTimestamp: formatMicroTime(facts.received),
    stageTimestamp: formatMicroTime(now),
  }
  if (impersonated) event.impersonatedUser = auditUser(impersonated)
  if (userAgent !== undefined) event.userAgent = userAgent.length > 1024 ? userAgent.slice(0, 1024) : userAgent
  if (info?.isResource) event.objectRef = objectRef(info, facts.name)
  if (failure) event.responseStatus = { ...failureFacts(withoutQuotes(failure, event.objectRef)), code }
  if (annotations) event.annotations = annotations
  return event
}

type Draft<T> = { -readonly [K in keyof T]: T[K] }

/** Limits the recorded causes: a client decides how many errors its object has, and how long they are. */
const kept = { message: 8192, causes: 32, text: 1024 }
const cut = (text: string, limit: number): string => (text.length > limit ? `${text.slice(0, limit)}…` : text)

/** Reasons whose messages may quote the client's body or the stored object. */
const quotingCodes: readonly (number | undefined)[] = [400, 422, 500]
const leftOut = '(left out: it may show what the object holds)'

/** For resources with credentials, the log contains no values, not even in messages; only the client sees them. */
function withoutQuotes(failure: Status, ref: AuditEvent['objectRef']): Status {
  if (!quotingCodes.includes(failure.code) || ref === undefined || !bodyIsSecret(ref)) return failure
  const { details } = failure
  const causes = details?.causes?.map(cause => ({ ...cause, message: leftOut }))
  return { ...failure, message: leftOut, ...(causes === undefined ? {} : { details: { ...details, causes } }) }
}

function failureFacts({ status, reason = 'Unknown', message = '', details }: Status): Partial<NonNullable<AuditEvent['responseStatus']>> {
  const causes = details?.causes?.slice(0, kept.causes).map(({ reason: why, message: text, field }) => ({
    ...(why === undefined ? {} : { reason: why }),
    ...(text === undefined ? {} : { message: cut(text, kept.text) }),
    ...(field === undefined ? {} : { field: cut(field, kept.text) }),
  }))
  return {
    ...{ status, reason, message: cut(message, kept.message) },
    ...(details ? { details: { ...details, ...(causes ? { causes } : {}) } } : {}),
  }
}

function auditUser({ name, uid, groups, extra }: UserInfo): AuditUser {
  const user: Draft<AuditUser> = { username: name, groups }
  if (uid !== undefined) user.uid = uid
  if (extra) user.extra = extra
  return user
}

function objectRef(info: RequestInfo & { isResource: true }, created: string | undefined): NonNullable<AuditEvent['objectRef']> {
  const name = info.name === '' ? created : info.name
  const ref: Draft<NonNullable<AuditEvent['objectRef']>> = { resource: info.resource, apiVersion: info.version }
  if (info.namespace !== '') ref.namespace = info.namespace
  if (name !== undefined) ref.name = name
  if (info.group !== '') ref.apiGroup = info.group
  if (info.subresource !== '') ref.subresource = info.subresource
  return ref
}
