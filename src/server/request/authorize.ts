// Authorizes a request, and words refusals exactly as upstream.
import type { AccessVerdict, Attributes } from '../../access/access.ts'
import type { Asker, Authorize } from '../../access/authorize.ts'
import { goQuote } from '../../api/go-text/go-quote.ts'
import { ApiError, apiError, forbidden, internalError } from '../../api/status.ts'
import type { UserInfo } from '../../api/user.ts'
import { podStreams } from './connections.ts'
import type { RequestInfo } from './request-info.ts'

export type { Authorize }

/** From an allowing verdict. */
export type Allowed = AccessVerdict & { readonly allowed: true }

/** Verbs whose selectors narrow the request, as upstream passes them to authorizers. */
const selecting: ReadonlySet<string> = new Set(['list', 'watch', 'deletecollection'])

function attributesOf(info: RequestInfo, user: UserInfo): Attributes {
  if (!info.isResource) {
    const { verb, path } = info
    return { user, verb, isResource: false, group: '', version: '', resource: '', subresource: '', namespace: '', name: '', path }
  }
  const { verb, group, version, resource, subresource, namespace, name, path, query } = info
  const selects = query.raw !== '' && selecting.has(verb)
  const labelSelector = selects ? query.get('labelSelector') : undefined
  const fieldSelector = selects ? query.get('fieldSelector') : undefined
  return {
    user,
    verb,
    isResource: true,
    group,
    version,
    resource,
    subresource,
    namespace,
    name,
    path,
    ...(labelSelector ? { labelSelector } : {}),
    ...(fieldSelector ? { fieldSelector } : {}),
  }
}

/**
 * Rejects with the 403; `asker` is the request. A stream into a pod needs `create` by whatever method it is opened: a WebSocket begins
 * with a GET, and a right to read must not be one to run programs.
 */
export async function requireAccess(info: RequestInfo, user: UserInfo, authorize: Authorize, asker: Asker): Promise<Allowed> {
  const attributes = attributesOf(info, user)
  const finer = kubeletSubresource(info)
  if (finer !== undefined) {
    const verdict = await authorize({ ...attributes, subresource: finer }, asker)
    // What denies the page must not be passed by a right to all pages.
    if (verdict.allowed || verdict.denied === true) return allowedOrThrow(attributes, verdict)
  }
  const verdict = allowedOrThrow(attributes, await authorize(attributes, asker))
  const { group, resource, subresource, verb } = attributes
  if (verb === 'get' && group === '' && resource === 'pods' && podStreams.has(subresource))
    await requireAllowed({ ...attributes, verb: 'create' }, authorize, asker)
  return verdict
}

/** KEP-2862: a page of a node has a right of its own, beside which nodes/proxy is not needed. */
const kubeletSubresources = new Set(['configz', 'healthz', 'metrics', 'pods', 'stats'])

function kubeletSubresource(info: RequestInfo): string | undefined {
  if (!info.isResource || info.subresource !== 'proxy' || info.resource !== 'nodes' || info.group !== '' || info.verb !== 'get')
    return undefined
  const [first = ''] = info.rest
  return kubeletSubresources.has(first) ? first : undefined
}

/** Rejects with the 403, or the 500 where one who might have said otherwise could not be asked, as upstream does. */
export async function requireAllowed(attributes: Attributes, authorize: Authorize, asker: Asker): Promise<Allowed> {
  return allowedOrThrow(attributes, await authorize(attributes, asker))
}

function allowedOrThrow(attributes: Attributes, verdict: AccessVerdict): Allowed {
  if (verdict.allowed) return verdict
  if (verdict.error !== undefined) throw internalError(verdict.error)
  throw new AccessRefusal(attributes, verdict)
}

/** The 403 of an authorizer; the audit event has the requested attributes, which may differ from the request's path. */
export class AccessRefusal extends ApiError {
  readonly attributes: Attributes
  /** The authorizers' reasons; '' if there are none. */
  readonly reason: string
  /** The webhook that denied. */
  readonly webhook: string | undefined
  /** An authorizer denied: no role can allow it. */
  readonly isDenied: boolean

  constructor(attributes: Attributes, verdict: AccessVerdict) {
    const { reason, webhook } = verdict
    const { isResource, group, resource, name } = attributes
    const text = forbiddenReason(attributes, reason)
    super((isResource ? forbidden({ group, plural: resource }, name, text) : apiError(403, 'Forbidden', `forbidden: ${text}`, {})).status)
    this.attributes = attributes
    this.reason = reason
    this.webhook = webhook
    this.isDenied = !verdict.allowed && verdict.denied === true
  }
}

function forbiddenReason(attributes: Attributes, reason: string): string {
  const message = withoutReason(attributes)
  return reason === '' ? message : `${message}: ${reason}`
}

function withoutReason({ user, verb, isResource, group, resource, subresource, namespace, path }: Attributes): string {
  const who = `User ${goQuote(user.name)} cannot ${verb}`
  if (!isResource) return `${who} path ${goQuote(path)}`
  const what = goQuote(subresource === '' ? resource : `${resource}/${subresource}`)
  const where = namespace === '' ? 'at the cluster scope' : `in the namespace ${goQuote(namespace)}`
  return `${who} resource ${what} in API group ${goQuote(group)} ${where}`
}
