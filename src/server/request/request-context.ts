// What the pipeline knows about one request, for the verb that answers it.
import type { Authenticated } from '../../access/revocation.ts'
import type { Labeled } from '../../api/data-classes/classify.ts'
import type { UserInfo } from '../../api/user.ts'
import type { ExternalWait } from '../../base/async/external-wait.ts'
import type { Reply, ServerRequest } from '../http/exchange.ts'
import type { ServedResource } from '../resource/served-resource.ts'
import type { RecordedBody } from './audit-bodies.ts'
import type { AnswerForm } from './negotiate.ts'
import type { Pace } from './pace.ts'
import type { Query } from './query.ts'
import type { ResourceRequestInfo } from './request-info.ts'

export interface RequestContext {
  readonly request: ServerRequest
  readonly auditId: string
  /** The effective user: the authenticated one, or the impersonated one. */
  readonly user: UserInfo
  readonly authentication: Authenticated
  readonly query: Query
  readonly form: AnswerForm
  readonly pretty: boolean
  /** When it arrived, in milliseconds since the epoch: the time that the whole request uses. */
  readonly now: number
  readonly pace: Pace
  readonly externalWait: ExternalWait
  /** What is left to do waits for somebody else: others may have the request's seat. */
  releaseSeat(): void
  /** The body in JSON if it was sent in another form; undefined if bodies are not recorded. */
  keepBody?(body: RecordedBody): void
  /** Sent as Warning headers, each once. */
  warn(message: string): void
  /** The object of the request in one of its states: its class is the highest of all. */
  noteState?(state: Labeled | undefined): void
  /** Added to the audit event. */
  annotate(key: string, value: string): void
  /**
   * Called between the moment at which the store has accepted a write and that at which the write is durable: its audit record is synced beside it. The
   * request will be answered with `status`, for the object `name` where it made one; the record counts only if it is. Everything in it was annotated before.
   */
  recordDuringCommit(status: number, name?: string): void
}

/** A request for a resource that is served, authorized already. */
export interface ResourceContext extends RequestContext {
  readonly info: ResourceRequestInfo
  readonly served: ServedResource
}

/** Answers a subresource, or a resource that is computed, in place of the plain verb. */
export type ResourceHandler = (context: ResourceContext) => Promise<Reply>

/** Answers some non-resource paths; undefined for other paths. */
export type PathHandler = (context: RequestContext, path: string) => Promise<Reply | undefined>
