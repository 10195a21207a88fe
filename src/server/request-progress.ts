// What is known of one request so far: for the answer and the audit event, however far it comes.
import { randomUUID } from 'node:crypto'
import { anonymousUser } from '../access/access.ts'
import type { ApiError } from '../api/status.ts'
import type { UserInfo } from '../api/user.ts'
import { ExternalWait } from '../base/async/external-wait.ts'
import type { Clock } from '../base/clock.ts'
import type { Classification } from './flow-control/classify.ts'
import type { Release } from './flow-control/fair-queues.ts'
import type { AuditedBodies } from './request/audit-bodies.ts'
import type { IdentityEnd } from './request/identity-end.ts'
import type { RequestInfo } from './request/request-info.ts'
import { Warnings } from './warnings.ts'

export interface Progress {
  readonly auditId: string
  readonly received: number
  /** By the clock that nobody sets. */
  readonly begun: number
  /** Undefined for what may take any time. */
  timeoutMs: number | undefined
  /** The time is over. */
  late: boolean
  /** In queues and webhooks. */
  readonly away: ExternalWait
  info: RequestInfo | undefined
  user: UserInfo
  impersonated: UserInfo | undefined
  readonly warnings: Warnings
  annotations: Record<string, string> | undefined
  /** Undefined for what flow control does not look at. */
  flow: Classification | undefined
  release: Release | undefined
  endStream: Release | undefined
  ahead: RecordAhead | undefined
  /** Undefined until it is known who asks. */
  identityEnd: IdentityEnd | undefined
  /** Undefined where no body is recorded. */
  bodies: AuditedBodies | undefined
}

/** The record of an answer that waits for its write to become durable: the two are synced side by side. */
interface RecordAhead {
  readonly status: number
  /** The refusal with which the request is answered instead where the record failed; undefined where nobody waits for it. */
  readonly settled: Promise<ApiError | undefined> | undefined
}

export function newProgress(clock: Clock): Progress {
  return {
    auditId: randomUUID(),
    received: clock.now(),
    begun: clock.monotonic(),
    timeoutMs: undefined,
    late: false,
    away: new ExternalWait(),
    info: undefined,
    user: anonymousUser,
    impersonated: undefined,
    warnings: new Warnings(),
    annotations: undefined,
    flow: undefined,
    release: undefined,
    endStream: undefined,
    ahead: undefined,
    identityEnd: undefined,
    bodies: undefined,
  }
}
