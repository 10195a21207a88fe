// What is written down of each request, as audit.k8s.io/v1 has it.
import type { AuditEvent, AuditUser } from '../../access/audit/audit-event.ts'
import type { AuditFailure } from '../../access/audit/audit-failure.ts'
import { type AuditDecision, type AuditedRequest, bodyIsSecret } from '../../access/audit/policy.ts'
import type { Status } from '../../api/status.ts'
import type { UserInfo } from '../../api/user.ts'
import { formatMicroTime } from '../../base/clock.ts'
import type { RequestInfo } from './request-info.ts'

/** Where events go. A promise resolves when the event is accepted for good; a write is answered only then. It rejects with an `AuditFailure` whose message a client may see. */
export interface AuditSink {
  record(event: AuditEvent): Promise<void> | undefined
  /** Why writes must be refused now, before they happen; undefined while they can be recorded. */
  refusal?(): AuditFailure | undefined
  /** What of the bodies is to be recorded; undefined where those of no request are. Asked before a body is read. */
  decide?(asked: AuditedRequest): AuditDecision | undefined
  /** An event that was recorded; undefined where it is not found with reasonable effort. Without it only recent refusals are known. */
  find?(auditId: string, signal: AbortSignal): Promise<AuditEvent | undefined>
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
  /** The name that a creation gave. */
  readonly name: string | undefined
}

/** By what a policy decides, as soon as it is known who asks. */
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
  // Assigned one after the other: an event a request, and spreading what may be absent costs more than all of the rest.
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

/** A client decides how many faults its object has, and how long: what is kept of them is bounded. */
const kept = { message: 8192, causes: 32, text: 1024 }
const cut = (text: string, limit: number): string => (text.length > limit ? `${text.slice(0, limit)}…` : text)

/** What tells a client what is wrong with its body, and may show any of it, or of the object that it changes. */
const quotingCodes: readonly (number | undefined)[] = [400, 422, 500]
const leftOut = '(left out: it may show what the object holds)'

/** Of objects that hold credentials the log has no values, not in messages either: the client alone is shown them. */
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
