// Every step that a request passes, top to bottom. A security reviewer reads `answer` and the verb that it calls.

import type { AccessBasis } from '../access/access.ts'
import type { Authenticated } from '../access/revocation.ts'
import type { ExplainAccess } from '../access/rights/explain-access.ts'
import { quotesHeader } from '../api/data-classes/quotes-header.ts'
import { ApiError, apiError, type Status } from '../api/status.ts'
import type { UserInfo } from '../api/user.ts'
import { turn } from '../base/async/turns.ts'
import type { Clock } from '../base/clock.ts'
import type { Store } from '../store/store.ts'
import { wantsPretty } from './answers/pretty.ts'
import { failureReply, failureStatus } from './answers/respond.ts'
import { withoutMessages } from './answers/without-messages.ts'
import type { FlowControl } from './flow-control/flow-control.ts'
import type { Seat } from './flow-control/level-queues.ts'
import { openStream, releasingSeat, streamKind } from './flow-control/open-stream.ts'
import type { WatchCounts } from './flow-control/watch-counts.ts'
import { fitsOneWrite } from './http/body-parts.ts'
import { maxBodyBytes } from './http/collect-body.ts'
import { type FinalReply, header, type Pipeline, type Reply } from './http/exchange.ts'
import { actingUser, type IdentityParts, identify, isImpersonation } from './identify.ts'
import { recordRefusal } from './paths/why/record-refusal.ts'
import type { RefusedRequests } from './paths/why/refused-requests.ts'
import { AccessEnds, reauthorize } from './request/access-end.ts'
import { decisionAnnotation, reasonAnnotation, webhookAnnotation } from './request/audit-annotations.ts'
import { recordingBody } from './request/audit-bodies.ts'
import type { AuditSink } from './request/audit-event.ts'
import { requireAccess } from './request/authorize.ts'
import { actsAsMaster, breakGlassAnnotation, isBreakGlass } from './request/break-glass.ts'
import type { DataClassSource } from './request/data-class-source.ts'
import { Expiries } from './request/expiries.ts'
import { freshState } from './request/fresh-state.ts'
import { failureForm, pathForm } from './request/negotiate.ts'
import { Pace } from './request/pace.ts'
import { emptyQuery } from './request/query.ts'
import type { RequestContext } from './request/request-context.ts'
import { isMutating, isProxy, type RequestInfo, type ResourceRequestInfo, requestInfo } from './request/request-info.ts'
import { Deadlines, requestTimeout } from './request/request-timeout.ts'
import { UnansweredRequests } from './request/unanswered-requests.ts'
import type { RequestMetrics } from './request-metrics.ts'
import { RequestScope } from './request-scope.ts'
import type { ServedResources } from './resource/served-resource.ts'

export interface PipelineParts extends IdentityParts {
  readonly resources: ServedResources
  readonly audit: AuditSink
  /** Why a write could not be made durable or recorded, if so: it must not happen. */
  refusesWrites(): ApiError | undefined
  readonly store: Pick<Store, 'fresh' | 'reached'>
  readonly flow: FlowControl
  readonly watchCounts: WatchCounts
  readonly clock: Clock
  readonly metrics: RequestMetrics
  /** Which objects' content stays out of logs. */
  readonly dataClasses?: DataClassSource
  readonly refused: RefusedRequests
  /** What decisions about every user depend on. */
  readonly everyBasis?: AccessBasis
  /** Explains how to allow a request; without it, refusals say less. */
  readonly explainAccess?: ExplainAccess
  /** Called for each request that acts as a member of system:masters, with the name that it takes on. */
  readonly onActingMaster?: (authentication: Authenticated, actingAs: string, remoteAddress: string) => void
  /** Answers a resource request that is authorized. */
  resource(context: RequestContext, info: ResourceRequestInfo): Promise<Reply>
  /** Answers any other path that is authorized. */
  path(context: RequestContext, info: RequestInfo & { isResource: false }): Promise<Reply>
}

export function createPipeline(parts: PipelineParts): Pipeline {
  const { clock, denyList, everyBasis } = parts
  const ends = {
    expiries: new Expiries(clock),
    clock,
    access: new AccessEnds(parts.authorize, everyBasis),
    ...(denyList ? { denyList } : {}),
  }
  const scopeParts = { ...parts, ends, deadlines: new Deadlines(), unanswered: new UnansweredRequests() }

  return async function handle(request) {
    using scope = new RequestScope(scopeParts, request)
    let reply: Reply
    let failure: Status | undefined
    try {
      reply = await scope.untilEnd(answer(scope), free)
    } catch (err) {
      failure = failureStatus(
        err,
        scope.audit.id,
        scope.audit.keepsTexts(err instanceof ApiError ? err.status.code : undefined) ? parts.log : withoutMessages(parts.log),
        request.signal,
      )
      recordRefusal(err, scope.audit.annotate, parts.explainAccess)
      reply = refusalReply(failure, scope)
      if (failure.code === 403 && !scope.audit.isAllowed) reply = withNoSniff(reply)
    }
    const recorded = scope.audit.recorded(reply, failure)
    if (!scope.audit.isRead && !scope.isLate) {
      const refusal = await scope.untilEnd(recorded).catch((end: ApiError) => end)
      if (refusal !== undefined) {
        reply.free?.()
        failure = refusal.status
        reply = refusalReply(failure, scope)
        // What is recorded is not what is answered.
        if (scope.isEnded) scope.audit.recordEnd(reply, failure)
      }
    }
    return finalReply(scope, reply, failure)
  }

  /** The steps of a request that is not refused. */
  async function answer(scope: RequestScope): Promise<Reply> {
    const { request, audit } = scope
    const info = requestInfo(request.method, request.url, parts.resources)
    audit.info = info
    // First: a credential or a right that any server took away is gone here too.
    const fresh = freshState(parts.store, info, request.signal)
    if (fresh !== undefined) await fresh
    const authentication = await identify(parts, scope, info)
    audit.user = authentication.user
    scope.limitTime(requestTimeout(info))
    scope.actsUnder(authentication)
    audit.annotate('authentication.bulkhead.dev/authenticator', authentication.authenticator)
    audit.annotate('authentication.bulkhead.dev/credential-id', authentication.credentialId)
    if (isBreakGlass(authentication)) audit.annotate(breakGlassAnnotation, authentication.user.name)
    audit.decideBodies(info)
    let { user } = authentication
    if (isImpersonation(request)) {
      user = await actingUser(parts, scope, authentication)
      scope.actsUnder({ ...authentication, user })
      if (actsAsMaster(user)) {
        audit.annotate(breakGlassAnnotation, authentication.user.name)
        parts.onActingMaster?.(authentication, user.name, request.credentials.remoteAddress)
      }
    }
    scope.throwIfEnded()
    if (isMutating(info)) requireWritable()
    const seat = seatFor(scope, user, info)
    if (seat !== undefined && 'waiting' in seat) {
      scope.takeSeat(await scope.externalWait.during(seat.waiting))
      // Whoever ends hands its seat to the next: without turns between them, all that wait would run one after the other, and nobody else.
      await (request.nextRound?.() ?? turn())
    } else scope.takeSeat(seat?.release)
    scope.throwIfEnded()
    const verdict = await requireAccess(info, user, parts.authorize, scope)
    scope.throwIfEnded()
    audit.annotate(decisionAnnotation, 'allow')
    audit.annotate(reasonAnnotation, verdict.reason)
    if (verdict.webhook !== undefined) audit.annotate(webhookAnnotation, verdict.webhook)
    const kind = streamKind(info, request)
    if (kind !== undefined) scope.holdStream(openStream(parts, user, info, kind))
    const context = contextOf(scope, info, user, authentication)
    const reply = await (info.isResource ? parts.resource(context, info) : parts.path(context, info))
    if (reply.status === 101 && request.upgrade === undefined) throw unrequestedUpgrade(reply)
    if (!reply.longRunning && !reply.upgrade && fitsOneWrite(reply.body)) return reply
    return scope.guard(reply, reauthorize(info, authentication.user, user, request.headers))
  }

  function requireWritable(): void {
    const refusal = parts.refusesWrites()
    if (refusal !== undefined) throw refusal
  }

  /** Health checks need no seat: they must answer when all are taken. A proxied request counts as one of the user's sessions. */
  function seatFor(scope: RequestScope, user: UserInfo, info: RequestInfo): Seat | undefined {
    if ((!info.isResource && parts.allowsAnonymous(info.path)) || isProxy(info)) return undefined
    scope.flow = parts.flow.classify(user, info)
    const mutating = isMutating(info) ? 1 : 0
    const bodyBytes = mutating === 1 ? Math.min(scope.request.mostBodyBytes ?? 0, maxBodyBytes) : 0
    return parts.flow.start(scope.flow, {
      user,
      info,
      mutating,
      bodyBytes,
      deadlineMs: scope.timeoutMs,
      signal: () => scope.request.signal,
    })
  }

  function contextOf(scope: RequestScope, info: RequestInfo, user: UserInfo, authentication: Authenticated): RequestContext {
    const { request, audit, warnings } = scope
    const { keepBody } = audit
    const form = pathForm(header(request.headers, 'accept'))
    return {
      request: keepBody === undefined ? request : recordingBody(request, keepBody),
      ...(keepBody === undefined ? {} : { keepBody }),
      auditId: audit.id,
      pace: new Pace(request),
      externalWait: scope.externalWait,
      releaseSeat: scope.releaseSeat,
      user,
      query: info.query,
      form,
      pretty: form.pretty || wantsPretty(info.query, header(request.headers, 'user-agent')),
      now: scope.received,
      authentication,
      warn: message => warnings.add(message),
      annotate: audit.annotate,
      noteState: audit.noteState,
      recordDuringCommit: (status, name) => audit.beginEarly(status, name),
    }
  }

  /** The answer for the transport, which ends the request once it is sent or cut. */
  function finalReply(scope: RequestScope, answered: Reply, failure: Status | undefined): FinalReply {
    const { info } = scope.audit
    let reply = answered
    if (reply.longRunning && typeof reply.body === 'function')
      reply = { ...reply, body: releasingSeat(reply.body, reply.reportsBegin === true, scope.releaseSeat) }
    else if (fitsOneWrite(reply.body)) scope.releaseSeat()
    if (!reply.longRunning) scope.endStream()
    const final = reply
    scope.hold(final.free)
    if (final.longRunning) scope.hold(parts.metrics.opened(info))
    const release = scope.handOver()
    return {
      ...final,
      auditId: scope.audit.id,
      warnings: scope.warnings.all,
      ...(scope.flow ? { flow: scope.flow } : {}),
      done: outcome => {
        release()
        if (final.longRunning) scope.audit.recordEnd(final, failure)
        parts.metrics.observe(info, final, outcome.bytes, scope.ageMs, scope.externalWait.ms)
      },
    }
  }
}

const free = (reply: Reply): void => reply.free?.()

/** A client that did not request another protocol would take what follows for answers to its next requests. */
function unrequestedUpgrade(reply: Reply): ApiError {
  reply.free?.()
  return apiError(502, 'InternalError', 'the answer changes to a protocol that the request did not ask for')
}

/** As upstream answers a user without rights. */
function withNoSniff(reply: Reply): Reply {
  return { ...reply, headers: { ...reply.headers, 'x-content-type-options': 'nosniff' } }
}

function refusalReply(failure: Status, { request: { headers }, audit }: RequestScope): Reply {
  const pretty = wantsPretty(audit.info?.query ?? emptyQuery, header(headers, 'user-agent'))
  const reply = failureReply(failure, failureForm(header(headers, 'accept')), pretty)
  // The caller may see it, and its log should not.
  return audit.keepsTexts(failure.code) ? reply : { ...reply, headers: { ...reply.headers, [quotesHeader]: 'true' } }
}
