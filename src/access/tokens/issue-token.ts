// Issues ServiceAccount tokens for TokenRequest: upstream's rules for audiences, expiry and binding; the signer signs.
import { randomUUID } from 'node:crypto'
import { invalidValue, tooLong } from '../../api/field-error.ts'
import type { KubeObject } from '../../api/object.ts'
import { type ApiError, badRequest, conflict, invalid, notFound } from '../../api/status.ts'
import { type Clock, formatTime } from '../../base/clock.ts'
import { writeJson } from '../../base/write-json.ts'
import type { BoundObjects } from '../authenticators/service-account-token.ts'
import { accountUser, type BoundReference, type ServiceAccountClaims } from '../credentials/service-account-claims.ts'

export const defaultIssuer = 'https://kubernetes.default.svc.cluster.local'
const minTokenSeconds = 600
const maxTokenSeconds = 366 * 86_400
/**
 * The lifetime that the projected volume of every pod requests; upstream treats it as the mark of an old client that does not reload its
 * token.
 */
const projectedSeconds = 3607
const year = 365 * 86_400
/** Limit of the audiences as JSON in UTF-8. The signer limits all claims together, and a bearer token must fit into a header. */
const maxAudiencesBytes = 4096
/** No name of an object, kind or version is longer, and no uid. */
const maxReferenceBytes = 253

export interface TokenRequestSpec {
  readonly audiences?: readonly string[] | null
  readonly expirationSeconds?: number | null
  readonly boundObjectRef?: { readonly kind?: string; readonly apiVersion?: string; readonly name?: string; readonly uid?: string } | null
}

export interface IssueTokenParts {
  readonly signToken: (claims: Readonly<Record<string, unknown>>, signal: AbortSignal) => Promise<string>
  readonly objects: Pick<BoundObjects, 'get'>
  readonly clock: Clock
  /** Default: the cluster's own address, which is also the default audience. */
  readonly issuer?: string
  readonly audiences?: readonly string[]
  /**
   * By default upstream lets a projected token last a year and warns after its requested expiry. Default here: false, a token expires as
   * requested.
   */
  readonly extendProjected?: boolean
}

export interface IssuedToken {
  readonly token: string
  readonly audiences: readonly string[]
  readonly expirationSeconds: number
  /** RFC 3339. */
  readonly expirationTimestamp: string
  /** For the audit event: the id of the token. */
  readonly credentialId: string
  readonly warnings: readonly string[]
}

const requestKind = { group: 'authentication.k8s.io', kind: 'TokenRequest' }

/**
 * Throws ApiErrors in upstream's words: NotFound for account or bound object, Invalid for a wrong lifetime, BadRequest for an impossible
 * binding, Conflict for another uid.
 */
export async function issueServiceAccountToken(
  account: { readonly namespace: string; readonly name: string },
  spec: TokenRequestSpec,
  parts: IssueTokenParts,
  signal: AbortSignal,
): Promise<IssuedToken> {
  const { namespace, name } = account
  const { clock, objects, issuer = defaultIssuer } = parts
  const stored = objects.get('serviceaccounts', namespace, name)
  if (stored === undefined) throw notFound({ group: '', plural: 'serviceaccounts' }, name)
  const asked = spec.expirationSeconds ?? 3600
  checkSeconds(asked)
  const expirationSeconds = Math.min(asked, maxTokenSeconds)
  const warnings = asked > maxTokenSeconds ? [`requested expiration of ${asked} seconds shortened to ${maxTokenSeconds} seconds`] : []
  checkBytes(spec)
  const bound = bindingOf(account, spec, objects)
  const audiences = spec.audiences && spec.audiences.length > 0 ? spec.audiences : (parts.audiences ?? [issuer])
  const now = Math.floor(clock.now() / 1000)
  const ours = audiences.some(audience => (parts.audiences ?? [issuer]).includes(audience))
  const extended = parts.extendProjected === true && expirationSeconds === projectedSeconds && bound.pod !== undefined && ours
  const jti = randomUUID()
  const claims: ServiceAccountClaims = {
    aud: audiences,
    exp: now + (extended ? year : expirationSeconds),
    iat: now,
    iss: issuer,
    jti,
    'kubernetes.io': {
      namespace,
      ...(bound.node ? { node: bound.node } : {}),
      ...(bound.pod ? { pod: bound.pod } : {}),
      ...(bound.secret ? { secret: bound.secret } : {}),
      serviceaccount: { name, uid: stored.metadata.uid ?? '' },
      ...(extended ? { warnafter: now + expirationSeconds } : {}),
    },
    nbf: now,
    sub: accountUser(namespace, name),
  }
  const token = await parts.signToken({ ...claims }, signal)
  const expirationTimestamp = formatTime((now + expirationSeconds) * 1000)
  return { token, audiences, expirationSeconds, expirationTimestamp, credentialId: `JTI=${jti}`, warnings }
}

function checkSeconds(asked: number): void {
  const refuse = (detail: string): ApiError => invalid(requestKind, '', [invalidValue('spec.expirationSeconds', asked, detail)])
  if (asked < minTokenSeconds) throw refuse('may not specify a duration less than 10 minutes')
  if (asked > 2 ** 32) throw refuse('may not specify a duration larger than 2^32 seconds')
}

/** Before anything of it is looked up, quoted or signed. */
function checkBytes({ audiences, boundObjectRef }: TokenRequestSpec): void {
  const faults = Buffer.byteLength(writeJson(audiences ?? [])) > maxAudiencesBytes ? [tooLong('spec.audiences', maxAudiencesBytes)] : []
  for (const field of ['kind', 'apiVersion', 'name', 'uid'] as const) {
    if (Buffer.byteLength(boundObjectRef?.[field] ?? '') > maxReferenceBytes)
      faults.push(tooLong(`spec.boundObjectRef.${field}`, maxReferenceBytes))
  }
  if (faults.length > 0) throw invalid(requestKind, '', faults)
}

interface Binding {
  readonly pod?: BoundReference
  readonly secret?: BoundReference
  readonly node?: BoundReference
}

function bindingOf(
  { namespace, name }: { namespace: string; name: string },
  { boundObjectRef }: TokenRequestSpec,
  objects: Pick<BoundObjects, 'get'>,
): Binding {
  if (!boundObjectRef) return {}
  const { kind = '', apiVersion = '', name: boundName = '', uid } = boundObjectRef
  const find = (
    resource: 'pods' | 'secrets' | 'nodes',
    scope: string,
  ): KubeObject & { spec?: { serviceAccountName?: string; nodeName?: string } } => {
    const object = objects.get(resource, scope, boundName)
    if (object === undefined) throw notFound({ group: '', plural: resource }, boundName)
    return object
  }
  const reference = (object: KubeObject): BoundReference => {
    const found = object.metadata.uid ?? ''
    if (uid && uid !== found) {
      const why = `the UID in the bound object reference (${uid}) does not match the UID in record. The object might have been deleted and then recreated`
      throw conflict({ group: '', plural: kind }, boundName, why)
    }
    return { name: boundName, uid: found }
  }
  // As upstream, for any version of the core group.
  switch (apiVersion.split('/').length === 2 ? '' : kind) {
    case 'Pod': {
      const pod = find('pods', namespace)
      if (pod.spec?.serviceAccountName !== name) {
        throw badRequest(`cannot bind token for serviceaccount "${name}" to pod running with different serviceaccount name.`)
      }
      const nodeName = pod.spec.nodeName
      const node = nodeName ? objects.get('nodes', '', nodeName)?.metadata.uid : undefined
      return { pod: reference(pod), ...(nodeName && node ? { node: { name: nodeName, uid: node } } : {}) }
    }
    case 'Secret':
      return { secret: reference(find('secrets', namespace)) }
    case 'Node':
      return { node: reference(find('nodes', '')) }
    default:
      throw badRequest(`cannot bind token to object of type ${groupVersionKind(apiVersion, kind)}`)
  }
}

/** As Go prints a GroupVersionKind. */
function groupVersionKind(apiVersion: string, kind: string): string {
  return apiVersion.includes('/') ? `${apiVersion}, Kind=${kind}` : `/${apiVersion}, Kind=${kind}`
}
