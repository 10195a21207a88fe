// `/bulkhead/v1/why`: explains a request that was made, by its audit id, and decides one that was not made, by its attributes.
import { type Attributes, anonymousUser } from '../../../access/access.ts'
import type { AuditEvent, AuditUser } from '../../../access/audit/audit-event.ts'
import type { FoundEvent } from '../../../access/audit/find-event.ts'
import { limitHolder } from '../../../access/limit-subject.ts'
import { allowText, type ExplainAccess } from '../../../access/rights/explain-access.ts'
import { apiError, badRequest, tooManyRequests } from '../../../api/status.ts'
import type { UserInfo } from '../../../api/user.ts'
import { writeJson } from '../../../base/write-json.ts'
import { valueReply } from '../../answers/respond.ts'
import type { Reply } from '../../http/exchange.ts'
import type { AuditSink } from '../../request/audit-event.ts'
import { type Authorize, requireAllowed } from '../../request/authorize.ts'
import { completeGroups } from '../../request/impersonate.ts'
import type { Query } from '../../request/query.ts'
import type { PathHandler, RequestContext } from '../../request/request-context.ts'
import { type Explanation, explainEvent } from './explanation.ts'
import { whyPath as prefix, type RefusedRequests } from './refused-requests.ts'

export interface WhyParts {
  readonly refused: RefusedRequests
  readonly audit: AuditSink
  readonly authorize: Authorize
  readonly explainAccess?: ExplainAccess
}

const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/
/** Searches of the log at once: in all, and one of each user. */
const maxSearches = 4

/** The right to have requests of others explained, in the namespace that they were about: this resource exists for authorization only. */
const explainRight = { verb: 'explain', group: 'audit.bulkhead.dev', resource: 'requests' } as const

export function whyPathHandler(parts: WhyParts): PathHandler {
  const searching = new Set<string>()

  const search = async (auditId: string, { request, user }: RequestContext): Promise<FoundEvent | undefined> => {
    if (parts.audit.find === undefined) return undefined
    const holder = limitHolder(user.name)
    if (searching.size >= maxSearches || searching.has(holder))
      throw tooManyRequests('Too many searches of the audit log, please try again later.')
    searching.add(holder)
    try {
      return await parts.audit.find(auditId, request.signal)
    } finally {
      searching.delete(holder)
    }
  }

  const explain = async (context: RequestContext, event: AuditEvent | undefined, what: string, last = false): Promise<Reply> => {
    const newer = last ? await newerUnauthenticated(parts, context, event) : undefined
    const shown = event ?? newer
    const own = shown !== undefined && isOwn(context, shown.user)
    // Only users with the right learn whether another user's request exists.
    if (shown === undefined || !(own || (await mayExplain(parts, context, shown.objectRef?.namespace ?? '')))) throw unknownRequest(what)
    const explanation = explainEvent(shown, own ? 'requester' : 'others')
    return valueReply(context, newer === undefined || newer === shown ? explanation : { ...explanation, newer: pointerTo(newer) })
  }

  const explainLast = (context: RequestContext): Promise<Reply> => {
    const asked = context.query.get('user')
    const own = context.authentication.user.name
    const event = asked === undefined ? parts.refused.newestOf(own) : parts.refused.newestFor(asked)
    return explain(context, event, `no recent refused request of user ${writeJson(asked ?? own)} is known`, asked === undefined)
  }

  return async (context, path) => {
    if (path === prefix) return valueReply(context, await decide(parts, context))
    if (!path.startsWith(`${prefix}/`)) return undefined
    const auditId = path.slice(prefix.length + 1)
    if (auditId === 'last') {
      return explainLast(context)
    }
    if (!uuid.test(auditId)) throw badRequest('an audit id is a UUID, from the header Audit-Id of a response')
    const what = `no request with the audit id ${auditId} is known`
    const recent = parts.refused.find(auditId)
    const found = recent ?? (await search(auditId, context))
    if (found !== 'sealed') return explain(context, found, what)
    // Of which namespace it is, is sealed too.
    if (!(await mayExplain(parts, context, ''))) throw unknownRequest(what)
    throw apiError(
      404,
      'NotFound',
      `the record of request ${auditId} is sealed to its readers: one of them reads it with "bulkhead audit search --id ${auditId} --identity FILE"`,
      {},
    )
  }
}

/** A request with a 401 has no user to find it by: the newest one is offered to users who may ask about all requests. */
async function newerUnauthenticated(
  parts: WhyParts,
  context: RequestContext,
  event: AuditEvent | undefined,
): Promise<AuditEvent | undefined> {
  const refused = parts.refused.newestAfter(anonymousUser.name, event?.auditID)
  return refused?.responseStatus?.code === 401 && (await mayExplain(parts, context, '')) ? refused : undefined
}

function pointerTo({ auditID, requestReceivedTimestamp, requestURI, sourceIPs }: AuditEvent): NonNullable<Explanation['newer']> {
  const [sourceIP] = sourceIPs
  const path = requestURI.split('?', 1)[0] ?? ''
  return { auditID, time: requestReceivedTimestamp, path, ...(sourceIP === undefined ? {} : { sourceIP }) }
}

const unknownRequest = (what: string) => apiError(404, 'NotFound', what, {})

/** The authenticated user counts, not the impersonated one. A recreated account of the same name is another one. */
function isOwn({ authentication }: RequestContext, { username, uid }: AuditUser): boolean {
  const { user } = authentication
  return user.name === username && user.uid === uid
}

const rightOf = (user: UserInfo, namespace: string): Attributes => ({
  user,
  ...explainRight,
  isResource: true,
  version: '*',
  subresource: '',
  namespace,
  name: '',
  path: '',
})

const mayExplain = async ({ authorize }: WhyParts, context: RequestContext, namespace: string): Promise<boolean> =>
  (await authorize(rightOf(context.user, namespace), context)).allowed

/** Nothing is sent and nothing happens: the authorizers decide as they would. Rejects with a 403 for a question about another user without the right. */
async function decide(parts: WhyParts, context: RequestContext): Promise<Explanation> {
  const { query, user: asker } = context
  const { authorize, explainAccess } = parts
  const attributes = attributesOf(query, asker)
  const { user, isResource, namespace } = attributes
  if (user !== asker) await requireAllowed(rightOf(asker, namespace), authorize, context)
  const verdict = await authorize(attributes, context)
  const missing = verdict.allowed || verdict.webhook !== undefined || verdict.denied === true ? undefined : explainAccess?.(attributes)
  const reason = verdict.allowed && verdict.webhook === undefined ? allowText(user.groups, verdict.reason) : verdict.reason
  const { verb, group, resource, subresource, name, path } = attributes
  const named = Object.entries({ group, subresource, namespace, name }).filter(([, value]) => value !== '')
  return {
    kind: 'Explanation',
    apiVersion: 'why.bulkhead.dev/v1',
    allowed: verdict.allowed,
    ...(verdict.allowed ? {} : { refusedBy: 'authorization' }),
    request: isResource ? { verb, resource, ...Object.fromEntries(named) } : { verb, path },
    authentication: { user: user.name, groups: user.groups },
    authorization: {
      decision: verdict.allowed ? 'allow' : 'forbid',
      ...(reason === '' ? {} : { reason }),
      ...(verdict.webhook === undefined ? {} : { webhook: verdict.webhook }),
      ...(!verdict.allowed && verdict.error !== undefined ? { error: verdict.error } : {}),
      ...(missing ? { missing } : {}),
    },
  }
}

function attributesOf(query: Query, asker: UserInfo): Attributes {
  const text = (name: string): string => query.get(name) ?? ''
  const verb = text('verb')
  const path = text('path')
  const resource = text('resource')
  if (verb === '' || (path === '') === (resource === '')) {
    throw badRequest('ask for a verb, and for either a resource or a path: ?verb=get&resource=pods&namespace=default')
  }
  const name = text('user')
  const groups = query.all('group')
  const isAsker = name === '' || (name === asker.name && groups.length === 0)
  const user = isAsker ? asker : { name, groups: completeGroups(name, groups) }
  const base = { user, verb, path, version: '*' }
  if (resource === '') return { ...base, isResource: false, group: '', resource, subresource: '', namespace: '', name: '' }
  const subresource = text('subresource')
  // The name of a new object is in the body, which no authorizer sees.
  const objectName = verb === 'create' && subresource === '' ? '' : text('name')
  return { ...base, isResource: true, group: text('apiGroup'), resource, subresource, namespace: text('namespace'), name: objectName }
}
