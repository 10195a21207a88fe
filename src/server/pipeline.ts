// Every step that a request passes, top to bottom. A security reviewer reads `handle` and the verb that it calls.
import { type Authentication, anonymousUser, type Credentials } from '../access/access.ts'
import { AuditFailure } from '../access/audit/audit-failure.ts'
import type { Authenticated, DenyList } from '../access/revocation.ts'
import type { ExplainAccess } from '../access/rights/explain-access.ts'
import { type ApiError, apiError, internalError, type Status, serviceUnavailable, timedOut, unauthorized } from '../api/status.ts'
import type { UserInfo } from '../api/user.ts'
import type { Clock } from '../base/clock.ts'
import type { Logger } from '../base/log.ts'
import { wantsPretty } from './answers/pretty.ts'
import { failureReply, failureStatus } from './answers/respond.ts'
import type { Release } from './flow-control/fair-queues.ts'
import type { FlowControl } from './flow-control/flow-control.ts'
import { type StreamKind, watchPlaces } from './flow-control/stream-limits.ts'
import type { WatchCounts } from './flow-control/watch-counts.ts'
import { fitsOneWrite } from './http/body-parts.ts'
import { type BodyStream, header, type Pipeline, type Reply, type ServerRequest } from './http/exchange.ts'
import { recordOpinions, recordRefusal } from './paths/why/record-refusal.ts'
import type { RefusedRequests } from './paths/why/refused-requests.ts'
import { AccessEnds, reauthorize } from './request/access-end.ts'
import { decisionAnnotation, reasonAnnotation, webhookAnnotation } from './request/audit-annotations.ts'
import { type RecordedBody, recordingBody, withBodies } from './request/audit-bodies.ts'
import { type AuditSink, auditEvent, auditedRequestOf } from './request/audit-event.ts'
import { type Authorize, requireAccess } from './request/authorize.ts'
import { podStreams } from './request/connections.ts'
import { Expiries } from './request/expiries.ts'
import { IdentityEnd } from './request/identity-end.ts'
import { impersonate, wantsImpersonation } from './request/impersonate.ts'
import { failureForm, pathForm } from './request/negotiate.ts'
import { Pace } from './request/pace.ts'
import { emptyQuery } from './request/query.ts'
import type { RequestContext } from './request/request-context.ts'
import { type RequestInfo, type ResourceRequestInfo, requestInfo } from './request/request-info.ts'
import { Deadlines, requestTimeout } from './request/request-timeout.ts'
import type { RequestMetrics } from './request-metrics.ts'
import { newProgress, type Progress } from './request-progress.ts'
import type { ServedResources } from './resource/served-resource.ts'

export interface PipelineParts {
  readonly resources: ServedResources
  readonly authenticate: (credentials: Credentials) => Promise<Authentication>
  /** Asked by `authenticate` too; here it ends open streams, and refuses whom nobody may act as. */
  readonly denyList?: DenyList
  readonly authorize: Authorize
  readonly audit: AuditSink
  /** Why a write could not be made durable or recorded, if so: it must not happen. */
  refusesWrites(): ApiError | undefined
  readonly flow: FlowControl
  readonly watchCounts: WatchCounts
  readonly clock: Clock
  readonly log: Logger
  readonly metrics: RequestMetrics
  readonly refused: RefusedRequests
  /** What would have allowed a request; without it refusals say less. */
  readonly explainAccess?: ExplainAccess
  /** Paths that may be asked for without credentials: whether they are allowed is still the authorizer's decision. */
  allowsAnonymous(path: string): boolean
  /** Answers a resource request that is authorized. */
  resource(context: RequestContext, info: ResourceRequestInfo): Reply | Promise<Reply>
  /** Answers any other path that is authorized. */
  path(context: RequestContext, info: RequestInfo & { isResource: false }): Reply | Promise<Reply>
}

/** The empty one is that of methods that only another server may know. */
const mutatingVerbs = new Set(['create', 'update', 'patch', 'delete', 'deletecollection', ''])
const anonymous: Authenticated = { outcome: 'authenticated', user: anonymousUser, credentialId: 'none', authenticator: 'anonymous' }

/** As long as an answer may go unread. */
const maxBeginMs = 60_000

const isProxy = (info: RequestInfo) => info.isResource && info.subresource === 'proxy'

/** What of a user's streams the request would be, undefined where it ends by itself. */
function streamKind(info: RequestInfo, { upgrade }: ServerRequest): StreamKind | undefined {
  if (info.isResource && info.verb === 'watch') return 'watch'
  // Whatever answers it, another server too.
  if (upgrade !== undefined || isProxy(info)) return 'session'
  if (!info.isResource) return undefined
  if (info.resource !== 'pods') return undefined
  return podStreams.has(info.subresource) || (info.subresource === 'log' && info.query.flag('follow')) ? 'session' : undefined
}

export function createPipeline(parts: PipelineParts): Pipeline {
  const { clock, log, denyList } = parts
  const deadlines = new Deadlines()
  const ends = { expiries: new Expiries(clock), clock, access: new AccessEnds(parts.authorize), ...(denyList ? { denyList } : {}) }

  return async function handle(request) {
    const progress = newProgress(clock)
    let reply: Reply
    let failure: Status | undefined
    try {
      const info = requestInfo(request.method, request.url, parts.resources)
      progress.info = info
      const authentication = await identify(request, info, progress)
      progress.user = authentication.user
      const identityEnd = new IdentityEnd(ends, request, authentication)
      progress.identityEnd = identityEnd
      annotate(progress, 'authentication.bulkhead.dev/authenticator', authentication.authenticator)
      annotate(progress, 'authentication.bulkhead.dev/credential-id', authentication.credentialId)
      progress.bodies = bodiesFor(request, info, progress)
      const user =
        (request.impersonates ?? wantsImpersonation(request.headers))
          ? await identityEnd.during(actingUser(request, progress, authentication), false)
          : authentication.user
      if (user !== authentication.user) identityEnd.add({ ...authentication, user })
      const unwritable = mutatingVerbs.has(info.verb) ? parts.refusesWrites() : undefined
      if (unwritable !== undefined) throw unwritable
      progress.timeoutMs = requestTimeout(info)
      const seat = takeSeat(user, info, request, progress)
      progress.release =
        seat instanceof Promise ? await identityEnd.during(progress.away.during(seat, clock), true, release => release()) : seat
      const decided = requireAccess(info, user, parts.authorize, progress)
      const verdict = await identityEnd.during(inTime(progress.away.during(decided, clock), progress), true)
      annotate(progress, decisionAnnotation, 'allow')
      annotate(progress, reasonAnnotation, verdict.reason)
      if (verdict.webhook !== undefined) annotate(progress, webhookAnnotation, verdict.webhook)
      const kind = streamKind(info, request)
      if (kind !== undefined) progress.endStream = openStream(user, info, kind)
      const context = contextOf(request, info, user, progress, authentication)
      const answer = info.isResource ? parts.resource(context, info) : parts.path(context, info)
      const isBounded = progress.timeoutMs !== undefined
      reply = answer instanceof Promise ? await identityEnd.during(inTime(answer, progress, free), isBounded, free) : answer
      if (reply.status === 101 && request.upgrade === undefined) throw unrequestedUpgrade(reply)
      if (reply.longRunning || reply.upgrade || !fitsOneWrite(reply.body))
        reply = identityEnd.guard(reply, reauthorize(info, authentication.user, user, request.headers), progress)
    } catch (err) {
      failure = failureStatus(err, progress.auditId, log)
      recordRefusal(err, (key, value) => annotate(progress, key, value), parts.explainAccess)
      reply = refusalReply(failure, request, progress.info)
      if (failure.code === 403 && progress.annotations?.[decisionAnnotation] !== 'allow') reply = withNoSniff(reply)
    }
    const settled = recorded(progress, request, reply, failure)
    const refusal = settled && !progress.late ? await inTime(settled, progress).catch((late: ApiError) => late) : undefined
    if (refusal !== undefined) {
      reply.free?.()
      failure = refusal.status
      reply = refusalReply(failure, request, progress.info)
      // What is recorded is not what is answered.
      if (progress.late) void settle(record(progress, request, 'ResponseComplete', reply, failure), request, progress)
    }
    if (reply.longRunning && typeof reply.body === 'function')
      reply = { ...reply, body: releasing(reply.body, reply.reportsBegin === true, progress) }
    else if (fitsOneWrite(reply.body)) progress.release?.()
    if (!reply.longRunning) progress.endStream?.()
    const final = reply
    const closed = final.longRunning ? parts.metrics.opened(progress.info) : undefined
    return {
      ...final,
      auditId: progress.auditId,
      warnings: progress.warnings.all,
      ...(progress.flow ? { flow: progress.flow } : {}),
      done: outcome => {
        progress.identityEnd?.release()
        final.free?.()
        progress.release?.()
        progress.endStream?.()
        closed?.()
        if (final.longRunning) void settle(record(progress, request, 'ResponseComplete', final, failure), request, progress)
        parts.metrics.observe(progress.info, final, outcome.bytes, clock.monotonic() - progress.begun, progress.away.ms)
      },
    }
  }

  /** Who asks. Throws the 401. */
  async function identify(request: ServerRequest, info: RequestInfo, progress: Progress): Promise<Authenticated> {
    if (request.identity) return inProcess(request.identity)
    const authentication = await parts.authenticate(request.credentials)
    switch (authentication.outcome) {
      case 'authenticated':
        return authentication
      case 'rejected':
        recordOpinions(authentication.asked ?? [], (key, value) => annotate(progress, key, value))
        log.info('credentials rejected', { reason: authentication.reason, remoteAddress: request.credentials.remoteAddress })
        throw unauthorized()
      case 'no-opinion':
        if (info.isResource || !parts.allowsAnonymous(info.path)) throw unauthorized()
        return anonymous
    }
  }

  function inProcess(user: UserInfo): Authenticated {
    const identity: Authenticated = { outcome: 'authenticated', user, credentialId: 'in-process', authenticator: 'in-process' }
    if (parts.denyList?.denies(identity) !== undefined) throw unauthorized()
    return identity
  }

  /** Whom the request acts as. Rejects with the 403 of a part that the user may not take on, and of a user that is denied. */
  async function actingUser(request: ServerRequest, progress: Progress, authentication: Authenticated): Promise<UserInfo> {
    const user = await progress.away.during(impersonate(progress.user, request.headers, parts.authorize, progress), clock)
    progress.impersonated = user
    const denied = parts.denyList?.denies({ ...authentication, user })
    if (denied !== undefined) {
      annotate(progress, decisionAnnotation, 'forbid')
      annotate(progress, reasonAnnotation, denied)
      throw apiError(403, 'Forbidden', `cannot act as user ${JSON.stringify(user.name)}: ${denied}`)
    }
    return user
  }

  /** By the policy of the audit log; nearly always it wants none. */
  function bodiesFor(request: ServerRequest, info: RequestInfo, { user }: Progress): Progress['bodies'] {
    const decision = parts.audit.decide?.(auditedRequestOf({ url: request.url, method: request.method, user }, info))
    const wanted = decision?.level === 'Request' || decision?.level === 'RequestResponse'
    return decision !== undefined && wanted ? { decision, sent: undefined } : undefined
  }

  /** The outcome, or a 504 where the time of the request is over before; `drop` frees an outcome that comes later. */
  function inTime<T>(work: Promise<T>, progress: Progress, drop?: (outcome: T) => void): Promise<T> {
    const { timeoutMs, begun, info } = progress
    if (timeoutMs === undefined) return work
    return deadlines.within(work, timeoutMs - (clock.monotonic() - begun), () => {
      progress.late = true
      if (drop !== undefined) work.then(drop, () => undefined)
      const outcome = info !== undefined && mutatingVerbs.has(info.verb) ? ': it may have been carried out all the same' : ''
      return timedOut(`request did not complete within the allotted timeout${outcome}`)
    })
  }

  /** Health checks need no seat: they must answer when all are taken. */
  function takeSeat(user: UserInfo, info: RequestInfo, request: ServerRequest, progress: Progress): Release | Promise<Release> | undefined {
    // A proxy lasts as long as what is behind it takes, and counts as one of the user's sessions.
    if ((!info.isResource && parts.allowsAnonymous(info.path)) || isProxy(info)) return undefined
    const flow = parts.flow.classify(user, info)
    progress.flow = flow
    const mutating = mutatingVerbs.has(info.verb) ? 1 : 0
    return parts.flow.start(flow, { user, info, mutating, deadlineMs: progress.timeoutMs, signal: () => request.signal })
  }

  /** A stream's place among those of its user, and a watch's among those that a write is sent to. */
  function openStream(user: UserInfo, info: RequestInfo, kind: StreamKind): Release {
    const end = parts.flow.streams.open(user, kind, kind === 'watch' ? watchPlaces(info.query) : 1)
    if (kind !== 'watch' || !info.isResource) return end
    const uncount = parts.watchCounts.opened(info)
    let open = true
    return () => {
      if (open) uncount()
      open = false
      end()
    }
  }

  /** A stream holds its seat until it has begun: of a watch, until what exists is sent, if its reader is not too slow for that. */
  function releasing(body: BodyStream, reportsBegin: boolean, progress: Progress): BodyStream {
    return (sink, signal) => {
      let hasBegun = false
      let late: NodeJS.Timeout | undefined
      const begun = (): void => {
        hasBegun = true
        clearTimeout(late)
        progress.release?.()
      }
      const running = body(sink, signal, begun)
      if (!reportsBegin) begun()
      else if (!hasBegun) late = setTimeout(begun, maxBeginMs).unref()
      return running
    }
  }

  function contextOf(
    request: ServerRequest,
    info: RequestInfo,
    user: UserInfo,
    progress: Progress,
    authentication: Authenticated,
  ): RequestContext {
    const { bodies } = progress
    const form = pathForm(header(request.headers, 'accept'))
    const keep = (sent: RecordedBody): void => {
      if (bodies !== undefined) bodies.sent = sent
    }
    return {
      request: bodies === undefined ? request : recordingBody(request, keep),
      ...(bodies === undefined ? {} : { keepBody: keep }),
      auditId: progress.auditId,
      pace: new Pace(request),
      away: progress.away,
      releaseSeat: () => progress.release?.(),
      user,
      query: info.query,
      form,
      pretty: form.pretty || wantsPretty(info.query, header(request.headers, 'user-agent')),
      now: progress.received,
      authentication,
      warn: message => progress.warnings.add(message),
      annotate: (key, value) => annotate(progress, key, value),
      decided: (status, name) => {
        // The answer itself is part of the record.
        if (bodies?.decision.level === 'RequestResponse') return
        const reply = name === undefined ? { status } : { status, objectName: name }
        const made = record(progress, request, 'ResponseComplete', reply, undefined)
        progress.ahead = { status, settled: made && settle(made, request, progress) }
      },
    }
  }

  /** Resolves when the event of this answer is recorded, with the refusal where it cannot be: the one that was made ahead, if it came so. */
  function recorded(
    progress: Progress,
    request: ServerRequest,
    reply: Reply,
    failure: Status | undefined,
  ): Promise<ApiError | undefined> | undefined {
    const { ahead } = progress
    if (ahead !== undefined && failure === undefined && ahead.status === reply.status) return ahead.settled
    const made = record(progress, request, reply.longRunning ? 'ResponseStarted' : 'ResponseComplete', reply, failure)
    return made && settle(made, request, progress, failure)
  }

  function annotate(progress: Progress, key: string, value: string): void {
    progress.annotations ??= {}
    progress.annotations[key] = value
  }

  function record(
    progress: Progress,
    request: ServerRequest,
    stage: 'ResponseStarted' | 'ResponseComplete',
    reply: Pick<Reply, 'status' | 'objectName'> & Partial<Reply>,
    failure: Status | undefined,
  ): Promise<void> | undefined {
    const facts = {
      auditId: progress.auditId,
      url: request.url,
      method: request.method,
      info: progress.info,
      user: progress.user,
      impersonated: progress.impersonated,
      remoteAddress: request.credentials.remoteAddress,
      userAgent: header(request.headers, 'user-agent'),
      received: progress.received,
      annotations: progress.annotations,
      name: reply.objectName,
    }
    try {
      const event = auditEvent(facts, stage, clock.now(), reply.status, failure)
      if (failure !== undefined) parts.refused.keep(event)
      return parts.audit.record(progress.bodies === undefined ? event : withBodies(event, progress.bodies, reply))
    } catch (err) {
      return Promise.reject(err)
    }
  }

  /**
   * A write is answered only when its record is accepted: without one the client is told what went wrong with that, and not what became of the write.
   * A read does not wait. Never rejects.
   */
  async function settle(
    recorded: Promise<void> | undefined,
    request: ServerRequest,
    progress: Progress,
    failure?: Status,
  ): Promise<ApiError | undefined> {
    const logged = recorded?.catch((err: unknown) => {
      log.error('audit event not recorded', { auditID: progress.auditId, err })
      const what =
        failure === undefined
          ? 'it may have been carried out, and its audit record is missing'
          : 'the audit record of its refusal is missing'
      return err instanceof AuditFailure ? serviceUnavailable(`${what}: ${err.message}`) : internalError(`${what}: internal error`)
    })
    if (request.method === 'GET' || request.method === 'HEAD') return undefined
    // That something went wrong is what it says already.
    if (failure !== undefined && failure.code >= 500) return logged?.then(() => undefined)
    return (await logged) ?? undefined
  }
}

const free = (reply: Reply): void => reply.free?.()

/** A client that asked for no other protocol would take what follows for answers to its next requests. */
function unrequestedUpgrade(reply: Reply): ApiError {
  reply.free?.()
  return apiError(502, 'InternalError', 'the answer changes to a protocol that the request did not ask for')
}

/** As upstream answers who may not do something at all. */
function withNoSniff(reply: Reply): Reply {
  return { ...reply, headers: { ...reply.headers, 'x-content-type-options': 'nosniff' } }
}

function refusalReply(failure: Status, { headers }: ServerRequest, info: RequestInfo | undefined): Reply {
  return failureReply(
    failure,
    failureForm(header(headers, 'accept')),
    wantsPretty(info?.query ?? emptyQuery, header(headers, 'user-agent')),
  )
}
