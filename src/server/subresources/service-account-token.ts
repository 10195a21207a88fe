// serviceaccounts/token: a signed token of the account, bound to what asks for it.
import { invalidValue } from '../../api/field-error.ts'
import { type ApiError, apiError, conflict, invalid, notFound } from '../../api/status.ts'
import type { TokenRequest } from '../../api/types/authentication-v1.ts'
import { decodeBody } from '../decode.ts'
import { isDryRun } from '../dry-run.ts'
import type { ResourceContext } from '../request-context.ts'
import type { ResourceHandler } from '../resource-verbs.ts'
import { valueReply } from '../respond.ts'
import type { SubresourceParts } from './index.ts'

export interface TokenSubject {
  readonly namespace: string
  readonly name: string
  readonly uid: string
  /** Empty: the API server's own audience. */
  readonly audiences: readonly string[]
  readonly expirationSeconds: number
  /** The token ends with this object. */
  readonly boundTo?: { readonly kind: 'Pod' | 'Secret' | 'Node'; readonly name: string; readonly uid: string }
  /** The node of the pod that it is bound to. */
  readonly node?: { readonly name: string; readonly uid?: string }
}

/** Signs. `expires` is in milliseconds since the epoch and may be earlier than asked for. */
export type IssueToken = (
  subject: TokenSubject,
  signal: AbortSignal,
) => Promise<{ readonly token: string; readonly audiences: readonly string[]; readonly expires: number }>

const kind = { group: 'authentication.k8s.io', version: 'v1', kind: 'TokenRequest' }
const minSeconds = 600
const maxSeconds = 2 ** 32
const defaultSeconds = 3600

export function serviceAccountToken(parts: Pick<SubresourceParts, 'resources' | 'issueToken'>): ResourceHandler {
  return async context => {
    const { served, info } = context
    if (parts.issueToken === undefined) throw apiError(501, 'MethodNotAllowed', 'this API server has no signer for ServiceAccount tokens')
    const request = (await decodeBody(context, kind)) as TokenRequest
    judge(request, info.name)
    const account = served.collection.get(info.namespace, info.name)
    if (account === undefined) throw notFound(served.named, info.name)
    const dryRun = isDryRun(context.query.all('dryRun'), 'CreateOptions')
    const subject: TokenSubject = {
      namespace: info.namespace,
      name: info.name,
      uid: account.object.metadata.uid ?? '',
      audiences: request.spec.audiences ?? [],
      expirationSeconds: request.spec.expirationSeconds ?? defaultSeconds,
      ...bindingOf(parts, context, request),
    }
    const metadata = { ...request.metadata, name: info.name, namespace: info.namespace }
    const spec = { ...request.spec, expirationSeconds: subject.expirationSeconds }
    if (dryRun) return valueReply(context, { ...request, metadata, spec, status: { token: '', expirationTimestamp: null } }, 201)
    const { token, audiences, expires } = await parts.issueToken(subject, context.request.signal)
    const expirationTimestamp = `${new Date(expires).toISOString().slice(0, 19)}Z`
    return valueReply(context, { ...request, metadata, spec: { ...spec, audiences }, status: { token, expirationTimestamp } }, 201)
  }
}

function judge(request: TokenRequest, name: string): void {
  const seconds = request.spec.expirationSeconds ?? defaultSeconds
  const field = 'spec.expirationSeconds'
  if (seconds < minSeconds) throw refusal(name, field, seconds, 'may not specify a duration less than 10 minutes')
  if (seconds > maxSeconds) throw refusal(name, field, seconds, 'may not specify a duration larger than 2^32 seconds')
}

function refusal(name: string, field: string, value: unknown, detail: string): ApiError {
  return invalid(kind, name, [invalidValue(field, value, detail)])
}

function bindingOf(
  parts: Pick<SubresourceParts, 'resources'>,
  context: ResourceContext,
  request: TokenRequest,
): Pick<TokenSubject, 'boundTo' | 'node'> {
  const ref = request.spec.boundObjectRef
  if (ref === undefined || ref === null) return {}
  const { name = '', uid } = ref
  if (ref.kind !== 'Pod' && ref.kind !== 'Secret' && ref.kind !== 'Node') {
    throw refusal(context.info.name, 'spec.boundObjectRef.kind', ref.kind ?? '', 'cannot bind token to object of type')
  }
  const plural = `${ref.kind.toLowerCase()}s`
  const named = { group: '', plural }
  const entry = parts.resources.byGroupResource(plural)?.collection.get(ref.kind === 'Node' ? '' : context.info.namespace, name)
  if (entry === undefined) throw notFound(named, name)
  const actual = entry.object.metadata.uid ?? ''
  if (uid !== undefined && uid !== '' && uid !== actual) {
    throw conflict(
      named,
      name,
      `the UID in the bound object reference (${uid}) does not match the UID in record. The object might have been deleted and then recreated`,
    )
  }
  const { spec } = entry.object as { spec?: { serviceAccountName?: string; nodeName?: string } }
  if (ref.kind === 'Pod' && spec?.serviceAccountName !== context.info.name) {
    throw refusal(context.info.name, 'spec.boundObjectRef.name', name, 'the pod runs under another service account')
  }
  const node =
    ref.kind === 'Pod' && spec?.nodeName ? parts.resources.byGroupResource('nodes')?.collection.get('', spec.nodeName) : undefined
  return {
    boundTo: { kind: ref.kind, name, uid: actual },
    ...(spec?.nodeName && ref.kind === 'Pod'
      ? { node: { name: spec.nodeName, ...(node?.object.metadata.uid ? { uid: node.object.metadata.uid } : {}) } }
      : {}),
  }
}
