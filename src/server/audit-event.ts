// What is written down of each request, as audit.k8s.io/v1 at level Metadata has it.
import type { AuditEvent, AuditUser } from '../access/audit/audit-event.ts'
import type { ApiError, Status } from '../api/status.ts'
import type { UserInfo } from '../api/user.ts'
import { formatMicroTime } from '../base/clock.ts'
import type { RequestInfo } from './request-info.ts'

/** Where events go. A promise resolves when the event is accepted for good; a write is answered only then. */
export interface AuditSink {
  record(event: AuditEvent): Promise<void> | undefined
  /** Why writes must be refused now, before they happen; undefined while they can be recorded. */
  refusal?(): ApiError | undefined
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

export function auditEvent(
  facts: AuditFacts,
  stage: AuditEvent['stage'],
  now: number,
  code: number,
  failure: Status | undefined,
): AuditEvent {
  const { info, userAgent, impersonated, annotations } = facts
  return {
    level: 'Metadata',
    auditID: facts.auditId,
    stage,
    requestURI: facts.url,
    verb: info?.verb ?? facts.method.toLowerCase(),
    user: auditUser(facts.user),
    ...(impersonated ? { impersonatedUser: auditUser(impersonated) } : {}),
    sourceIPs: [facts.remoteAddress],
    ...(userAgent === undefined ? {} : { userAgent: userAgent.slice(0, 1024) }),
    ...(info?.isResource ? { objectRef: objectRef(info, facts.name) } : {}),
    responseStatus: {
      ...(failure ? { status: failure.status, reason: failure.reason ?? 'Unknown', message: failure.message ?? '' } : {}),
      code,
    },
    requestReceivedTimestamp: formatMicroTime(facts.received),
    stageTimestamp: formatMicroTime(now),
    ...(annotations ? { annotations } : {}),
  }
}

function auditUser({ name, uid, groups, extra }: UserInfo): AuditUser {
  return { username: name, ...(uid === undefined ? {} : { uid }), groups, ...(extra ? { extra } : {}) }
}

function objectRef(info: RequestInfo & { isResource: true }, created: string | undefined): NonNullable<AuditEvent['objectRef']> {
  const name = info.name === '' ? created : info.name
  return {
    resource: info.resource,
    ...(info.namespace === '' ? {} : { namespace: info.namespace }),
    ...(name === undefined ? {} : { name }),
    ...(info.group === '' ? {} : { apiGroup: info.group }),
    apiVersion: info.version,
    ...(info.subresource === '' ? {} : { subresource: info.subresource }),
  }
}
