// What is written down of each request: audit.k8s.io/v1 at level Metadata.
import type { Status } from '../api/status.ts'
import type { UserInfo } from '../api/user.ts'
import { formatMicroTime } from '../base/clock.ts'
import type { RequestInfo } from './request-info.ts'

export interface AuditEvent {
  readonly kind: 'Event'
  readonly apiVersion: 'audit.k8s.io/v1'
  readonly level: 'Metadata'
  readonly auditID: string
  readonly stage: 'ResponseStarted' | 'ResponseComplete'
  readonly requestURI: string
  readonly verb: string
  readonly user: AuditUser
  readonly impersonatedUser?: AuditUser
  readonly sourceIPs: readonly string[]
  readonly userAgent?: string
  readonly objectRef?: AuditObjectRef
  readonly responseStatus: {
    readonly metadata: object
    readonly status?: string
    readonly reason?: string
    readonly message?: string
    readonly code: number
  }
  readonly requestReceivedTimestamp: string
  readonly stageTimestamp: string
  readonly annotations?: Readonly<Record<string, string>>
}

export interface AuditUser {
  readonly username: string
  readonly uid?: string
  readonly groups: readonly string[]
  readonly extra?: Readonly<Record<string, readonly string[]>>
}

export interface AuditObjectRef {
  readonly resource: string
  readonly namespace?: string
  readonly name?: string
  readonly apiGroup?: string
  readonly apiVersion: string
  readonly subresource?: string
}

/** Where events go. A promise resolves when the event is accepted for good; a write is answered only then. */
export interface AuditSink {
  record(event: AuditEvent): void | Promise<void>
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
    kind: 'Event',
    apiVersion: 'audit.k8s.io/v1',
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
      metadata: {},
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

function objectRef(info: RequestInfo & { isResource: true }, created: string | undefined): AuditObjectRef {
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
