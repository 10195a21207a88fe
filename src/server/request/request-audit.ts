// The audit record of one request: collects its fields, decides when it is written, and refuses the request if it cannot be written.
import { randomUUID } from 'node:crypto'
import { anonymousUser } from '../../access/access.ts'
import type { AuditEvent } from '../../access/audit/audit-event.ts'
import { AuditFailure } from '../../access/audit/audit-failure.ts'
import { type Classification, type Labeled, worstOf } from '../../api/data-classes/classify.ts'
import { isRecord } from '../../api/schema/compile.ts'
import { type ApiError, internalError, type Status, serviceUnavailable } from '../../api/status.ts'
import type { UserInfo } from '../../api/user.ts'
import type { Clock } from '../../base/clock.ts'
import type { Logger } from '../../base/log.ts'
import { header, type Reply, type ServerRequest } from '../http/exchange.ts'
import { decisionAnnotation } from './audit-annotations.ts'
import { type AuditedBodies, type RecordedBody, withBodies } from './audit-bodies.ts'
import { type AuditSink, auditEvent, auditedRequestOf } from './audit-event.ts'
import type { ClassifiedRequest, DataClassSource } from './data-class-source.ts'
import { isPlainAnnotation, isPlainCode, redactEvent } from './redact-event.ts'
import type { RequestInfo } from './request-info.ts'

export interface AuditParts {
  readonly audit: AuditSink
  /** Refused requests are kept for a while, so that they can be explained. */
  readonly refused: { keep(event: AuditEvent): void }
  readonly clock: Pick<Clock, 'now'>
  readonly log: Logger
  /** Without it nothing is redacted. */
  readonly dataClasses?: DataClassSource
}

type Stage = 'ResponseStarted' | 'ResponseComplete'
type Answer = Pick<Reply, 'status' | 'objectName'> & Partial<Reply>

/** A record that was begun before its answer, which it counts for only if the answer has this status. */
interface EarlyRecord {
  readonly status: number
  readonly refusal: Promise<ApiError | undefined>
}

export class RequestAudit {
  readonly id: string = randomUUID()
  readonly #parts: AuditParts
  readonly #request: ServerRequest
  readonly #received: number
  /** The authenticated user; anonymous until that is known. */
  user: UserInfo = anonymousUser
  impersonated: UserInfo | undefined
  info: RequestInfo | undefined
  #annotations: Record<string, string> | undefined
  #bodies: AuditedBodies | undefined
  #early: EarlyRecord | undefined
  /** The object in each state that the request had of it. */
  #states: (Labeled | undefined)[] | undefined
  #classified: Classification | undefined

  constructor(parts: AuditParts, request: ServerRequest, received: number) {
    this.#parts = parts
    this.#request = request
    this.#received = received
  }

  readonly annotate = (key: string, value: string): void => {
    this.#annotations ??= {}
    this.#annotations[key] = value
  }

  /** The class of the object is the highest of all its states. */
  readonly noteState = (state: Labeled | undefined): void => {
    this.#states ??= []
    this.#states.push(state)
    this.#classified = undefined
  }

  /** Looked up once: refusals ask several times, and the stored object may be large. */
  #classify(dataClasses: DataClassSource, info: ClassifiedRequest): Classification {
    this.#classified ??= dataClasses.classify(info, this.#states ?? [])
    return this.#classified
  }

  /** Whether logs may show the text of an answer with this code, which may quote the object. */
  keepsTexts(code: number | undefined): boolean {
    if (isPlainCode(code)) return true
    const { dataClasses } = this.#parts
    // Whoever may not do it at all is told nothing of the object.
    if (dataClasses === undefined || !this.isAllowed || !this.info?.isResource) return true
    return dataClasses.handling[worstOf(this.#classify(dataClasses, this.info))].logs !== 'redact'
  }

  /** A read is answered without waiting for its record. */
  get isRead(): boolean {
    return this.#request.method === 'GET' || this.#request.method === 'HEAD'
  }

  get isAllowed(): boolean {
    return this.#annotations?.[decisionAnnotation] === 'allow'
  }

  /** Decides by the audit policy whether bodies are recorded; most policies record none. Call it once user and request info are known. */
  decideBodies(info: RequestInfo): void {
    const { url, method } = this.#request
    const decision = this.#parts.audit.decide?.(auditedRequestOf({ url, method, user: this.user }, info))
    if (decision?.level === 'Request' || decision?.level === 'RequestResponse') this.#bodies = { decision, sent: undefined }
  }

  /** Undefined if no body is recorded. */
  get keepBody(): ((sent: RecordedBody) => void) | undefined {
    const bodies = this.#bodies
    if (bodies === undefined) return undefined
    return sent => {
      bodies.sent = sent
    }
  }

  /** Starts the record of a write while the store commits it, so that both are synced at the same time. `recorded` waits for it. */
  beginEarly(status: number, name: string | undefined): void {
    // The answer itself is part of the record.
    if (this.#bodies?.decision.level === 'RequestResponse') return
    const answer = name === undefined ? { status } : { status, objectName: name }
    this.#early = { status, refusal: this.#record('ResponseComplete', answer, undefined) }
  }

  /** Resolves when the request may be answered; with the refusal to send instead if the record cannot be written. Never rejects. */
  recorded(reply: Reply, failure: Status | undefined): Promise<ApiError | undefined> {
    if (this.#early?.status === reply.status && failure === undefined) return this.#early.refusal
    return this.#record(reply.longRunning ? 'ResponseStarted' : 'ResponseComplete', reply, failure)
  }

  /** Records the final answer; the request does not wait for it. */
  recordEnd(reply: Reply, failure: Status | undefined): void {
    void this.#record('ResponseComplete', reply, failure)
  }

  /**
   * A write is answered only when its record is accepted; otherwise the client gets the audit failure instead of the outcome of the write.
   * A read does not wait. Never rejects.
   */
  async #record(stage: Stage, answer: Answer, failure: Status | undefined): Promise<ApiError | undefined> {
    const { isRead } = this
    try {
      const event = this.#redact(this.#event(stage, answer, failure))
      if (failure !== undefined) this.#parts.refused.keep(event)
      const accepted = this.#parts.audit.record(
        this.#bodies === undefined ? event : this.#redact(withBodies(event, this.#bodies, answer), true),
      )
      if (!isRead) await accepted
      else accepted?.catch((err: unknown) => this.#failed(err, failure))
      return undefined
    } catch (err) {
      const refusal = this.#failed(err, failure)
      // A 5xx already reports an error.
      return isRead || (failure !== undefined && failure.code >= 500) ? undefined : refusal
    }
  }

  /** Most records are about success or a missing right, without a body: there is nothing to take out, and nothing is looked up. */
  #redact(event: AuditEvent, hasBodies = false): AuditEvent {
    const { dataClasses } = this.#parts
    const { info } = this
    const quotes = this.isAllowed && event.responseStatus?.message !== undefined && event.responseStatus.code >= 400
    const isPlain = !hasBodies && !quotes && this.#isPlain
    if (dataClasses === undefined || !info?.isResource || isPlain) return event
    return redactEvent(event, {
      handling: dataClasses.handling,
      isSealed: dataClasses.seals(info.namespace),
      classification: this.#classify(dataClasses, info),
      classifyItem: item => {
        const { name, namespace, ...labeled } = itemMetadata(item)
        return dataClasses.classify({ ...info, namespace: namespace ?? info.namespace, name: name ?? '' }, [labeled])
      },
    })
  }

  /** Whether nobody but the server itself annotated the event. */
  get #isPlain(): boolean {
    for (const annotation in this.#annotations) if (!isPlainAnnotation(annotation)) return false
    return true
  }

  #failed(err: unknown, failure: Status | undefined): ApiError {
    this.#parts.log.error('audit event not recorded', { auditID: this.id, err })
    const what =
      failure === undefined ? 'it may have been carried out, and its audit record is missing' : 'the audit record of its refusal is missing'
    return err instanceof AuditFailure ? serviceUnavailable(`${what}: ${err.message}`) : internalError(`${what}: internal error`)
  }

  #event(stage: Stage, answer: Answer, failure: Status | undefined): AuditEvent {
    const { url, method, credentials, headers } = this.#request
    const facts = {
      ...{ auditId: this.id, url, method, info: this.info, user: this.user, impersonated: this.impersonated },
      remoteAddress: credentials.remoteAddress,
      userAgent: header(headers, 'user-agent'),
      received: this.#received,
      annotations: this.#annotations,
      name: answer.objectName,
    }
    return auditEvent(facts, stage, this.#parts.clock.now(), answer.status, failure)
  }
}

function itemMetadata(item: Readonly<Record<string, unknown>>): Labeled & { readonly name?: string; readonly namespace?: string } {
  const { name, namespace, labels, annotations } = isRecord(item['metadata']) ? item['metadata'] : {}
  return {
    ...{ labels, annotations },
    ...(typeof name === 'string' ? { name } : {}),
    ...(typeof namespace === 'string' ? { namespace } : {}),
  }
}
