// serviceaccounts/token: issues a signed token of the account, bound to the requested object.
import type { IssuedToken, TokenRequestSpec } from '../../access/tokens/issue-token.ts'
import { invalidValue } from '../../api/field-error.ts'
import { apiError, invalid } from '../../api/status.ts'
import type { TokenRequest } from '../../api/types/authentication-v1.ts'
import { formatTime } from '../../base/clock.ts'
import { valueReply } from '../answers/respond.ts'
import { matchNamespace } from '../objects/object-meta.ts'
import { decodeBody } from '../request/decode.ts'
import { isDryRun } from '../request/dry-run.ts'
import { createOptions } from '../request/operation-options.ts'
import type { ResourceContext, ResourceHandler } from '../request/request-context.ts'
import type { SubresourceParts } from './index.ts'

/** Validates the request, with upstream's messages, and signs; see `issueServiceAccountToken`. */
export type IssueToken = (
  account: { readonly namespace: string; readonly name: string },
  spec: TokenRequestSpec,
  signal: AbortSignal,
) => Promise<IssuedToken>

const kind = { group: 'authentication.k8s.io', version: 'v1', kind: 'TokenRequest' }

export function serviceAccountToken({ writeParts, issueToken }: Pick<SubresourceParts, 'writeParts' | 'issueToken'>): ResourceHandler {
  return async context => {
    const { info, request } = context
    if (issueToken === undefined) throw apiError(501, 'MethodNotAllowed', 'this API server has no signer for ServiceAccount tokens')
    const asked = (await decodeBody(context, kind)) as TokenRequest
    matchAccount(asked, context)
    const dryRun = isDryRun(context.query.all('dryRun'))
    await admit(writeParts.admission, context, asked, dryRun)
    const issued = await issueToken({ namespace: info.namespace, name: info.name }, asked.spec, request.signal)
    for (const warning of issued.warnings) context.warn(warning)
    const { token, audiences, expirationSeconds, expirationTimestamp } = issued
    asked.metadata.creationTimestamp = formatTime(context.now)
    const spec = { ...asked.spec, audiences, expirationSeconds }
    // The request passed all checks, but a dry run gets no token.
    if (dryRun) return valueReply(context, { ...asked, spec, status: { token: '', expirationTimestamp: null } }, 201)
    context.annotate('authentication.kubernetes.io/issued-credential-id', issued.credentialId)
    return valueReply(context, { ...asked, spec, status: { token, expirationTimestamp } }, 201)
  }
}

function matchAccount({ metadata }: TokenRequest, { info }: ResourceContext): void {
  matchNamespace(metadata, info.namespace, true)
  metadata.name ||= info.name
  if (metadata.name === info.name) return
  throw invalid(kind, info.name, [invalidValue('metadata.name', metadata.name, 'must match the service account name if specified')])
}

/** Nodes may request only tokens of their own pods. NodeRestriction enforces that, so this write passes admission like all others. */
async function admit(
  admission: SubresourceParts['writeParts']['admission'],
  context: ResourceContext,
  object: TokenRequest,
  dryRun: boolean,
): Promise<void> {
  const { served, info, user, request, warn, annotate } = context
  const { namespace, name, subresource } = info
  const asked = { operation: 'CREATE' as const, resource: served.definition, oldObject: undefined, dryRun, warn, annotate }
  const admissionRequest = { ...asked, options: createOptions(context), subresource, namespace, name, object, user }
  await admission.mutate(admissionRequest, request.signal)
  await admission.validate(admissionRequest, request.signal)
}
