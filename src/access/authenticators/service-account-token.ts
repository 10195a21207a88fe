// ServiceAccount tokens: signed by this cluster, for its API server, valid now, and everything they are bound to still exists.
import { createHash } from 'node:crypto'
import { goQuote, goQuotedList } from '../../api/go-text/go-quote.ts'
import type { KubeObject } from '../../api/object.ts'
import type { Clock } from '../../base/clock.ts'
import { BoundedCache } from '../../base/data/bounded-cache.ts'
import { type Authentication, type Authenticator, authenticatedGroup, type BoundCredential, credentialIdExtra } from '../access.ts'
import { bearerToken } from '../bearer-token.ts'
import { accountGroups, readClaims, type ServiceAccountClaims } from '../credentials/service-account-claims.ts'
import { type OwnTokenKeys, ownTokenKeys, readOwnToken, type TokenVerificationKey } from '../jwt/own-token.ts'

/** The stored objects to which tokens are bound, frozen; read on every request, so it must be cheap. `namespace` is '' for nodes. */
export interface BoundObjects {
  get(resource: BoundResource, namespace: string, name: string): KubeObject | undefined
  /** Calls the listener after each change of this object. Returns a function that stops it. */
  onChange(resource: BoundResource, namespace: string, name: string, listener: () => void): () => void
}

export type BoundResource = 'serviceaccounts' | 'pods' | 'secrets' | 'nodes'

export type { TokenVerificationKey }

export interface ServiceAccountTokenOptions {
  readonly issuer: string
  /** The audiences of this API server: the token must have one of them. */
  readonly audiences: readonly string[]
  readonly keys: readonly TokenVerificationKey[]
  readonly objects: BoundObjects
  readonly clock: Clock
}

export interface ServiceAccountTokenAuthenticator extends Authenticator {
  /** Verifies for other audiences than the API server's, as TokenReview needs; `audiences` are those that the token has of them. */
  verifyToken(token: string, audiences?: readonly string[]): Authentication & { readonly audiences?: readonly string[] }
}

const cachedTokens = 8192
const rejected = (reason: string) => ({ outcome: 'rejected', reason }) as const

export function createServiceAccountTokenAuthenticator(options: ServiceAccountTokenOptions): ServiceAccountTokenAuthenticator {
  const keys = ownTokenKeys(options.keys)
  const verified = new BoundedCache<ServiceAccountClaims>(cachedTokens)

  const verifyToken: ServiceAccountTokenAuthenticator['verifyToken'] = (token, audiences = options.audiences) => {
    const digest = createHash('sha256').update(token).digest('base64')
    let claims = verified.get(digest)
    if (claims === undefined) {
      const read = readToken(token, options.issuer, keys)
      if ('outcome' in read) return read
      claims = read
      verified.set(digest, claims)
    }
    const now = options.clock.now()
    const refused = refusal(claims, audiences, now, options.objects)
    if (refused !== undefined) {
      if (now >= claims.exp * 1000) verified.delete(digest)
      return rejected(refused)
    }
    return {
      ...authentication(claims, boundCredential(claims, audiences, options)),
      audiences: audiences.filter(audience => claims.aud.includes(audience)),
    }
  }

  return {
    name: 'service-account-token',
    verifyToken,
    async authenticate({ authorization }) {
      const bearer = bearerToken(authorization)
      return bearer.form === 'token' ? verifyToken(bearer.token) : { outcome: 'no-opinion' }
    },
  }
}

/** `no-opinion` for a token of another issuer. */
function readToken(
  token: string,
  issuer: string,
  keys: OwnTokenKeys,
): ServiceAccountClaims | Exclude<Authentication, { outcome: 'authenticated' }> {
  const read = readOwnToken(token, issuer, keys)
  return 'refused' in read ? read.refused : (readClaims(read.payload) ?? rejected('the token has malformed claims'))
}

/** Why a token with a valid signature is not accepted now, in upstream's words. No leeway, because our own clock wrote these times. */
function refusal(claims: ServiceAccountClaims, audiences: readonly string[], now: number, objects: BoundObjects): string | undefined {
  if (!claims.aud.some(audience => audiences.includes(audience)))
    return `token audiences ${goQuotedList(claims.aud)} is invalid for the target audiences ${goQuotedList(audiences)}`
  if (now >= claims.exp * 1000) return 'service account token has expired'
  if (now < claims.nbf * 1000) return 'service account token is not valid yet'
  if (now < claims.iat * 1000) return 'service account token is issued in the future'
  const { namespace, serviceaccount, pod, secret, node } = claims['kubernetes.io']
  const account = objects.get('serviceaccounts', namespace, serviceaccount.name)
  if (account === undefined) return `serviceaccounts ${goQuote(serviceaccount.name)} not found`
  if (hasEnded(account, now)) return `service account ${namespace}/${serviceaccount.name} has been deleted`
  const { uid = '' } = account.metadata
  if (uid !== serviceaccount.uid) return `service account UID (${uid}) does not match claim (${serviceaccount.uid})`
  return (
    (secret && boundRefusal('secret', objects.get('secrets', namespace, secret.name), secret.uid, now)) ??
    (pod && boundRefusal('pod', objects.get('pods', namespace, pod.name), pod.uid, now)) ??
    // For a token bound to a pod, the node is only information: the pod may outlive the Node object.
    (node && !pod ? boundRefusal('node', objects.get('nodes', '', node.name), node.uid, now) : undefined)
  )
}

function hasEnded({ metadata: { deletionTimestamp } }: KubeObject, now: number): boolean {
  return deletionTimestamp !== undefined && now >= Date.parse(deletionTimestamp)
}

function boundRefusal(kind: 'secret' | 'pod' | 'node', object: KubeObject | undefined, claimed: string, now: number): string | undefined {
  if (object === undefined || hasEnded(object, now)) return 'service account token has been invalidated'
  const { uid = '' } = object.metadata
  return uid === claimed ? undefined : `${kind} UID (${uid}) does not match service account ${kind} ref claim (${claimed})`
}

/** What the token is bound to, by resource, namespace and name. */
function boundTo(claims: ServiceAccountClaims): [BoundResource, string, string][] {
  const { namespace, serviceaccount, pod, secret, node } = claims['kubernetes.io']
  return [
    ['serviceaccounts', namespace, serviceaccount.name],
    ...(secret ? [['secrets', namespace, secret.name] satisfies [BoundResource, string, string]] : []),
    ...(pod ? [['pods', namespace, pod.name] satisfies [BoundResource, string, string]] : []),
    ...(node && !pod ? [['nodes', '', node.name] satisfies [BoundResource, string, string]] : []),
  ]
}

function boundCredential(
  claims: ServiceAccountClaims,
  audiences: readonly string[],
  { objects, clock }: ServiceAccountTokenOptions,
): BoundCredential {
  return {
    refusal: () => refusal(claims, audiences, clock.now(), objects),
    ends() {
      const times = boundTo(claims)
        .map(at => objects.get(...at)?.metadata.deletionTimestamp)
        .filter(time => time !== undefined)
      return times.length === 0 ? undefined : Math.min(...times.map(time => Date.parse(time)))
    },
    onChange(listener) {
      const stops = boundTo(claims).map(at => objects.onChange(...at, listener))
      return () => {
        for (const stop of stops) stop()
      }
    },
  }
}

function authentication(claims: ServiceAccountClaims, bound: BoundCredential): Extract<Authentication, { outcome: 'authenticated' }> {
  const { namespace, serviceaccount, pod, node } = claims['kubernetes.io']
  return {
    outcome: 'authenticated',
    user: {
      name: claims.sub,
      uid: serviceaccount.uid,
      groups: [...accountGroups(namespace), authenticatedGroup],
      extra: {
        [credentialIdExtra]: [`JTI=${claims.jti}`],
        ...(node ? { 'authentication.kubernetes.io/node-name': [node.name], 'authentication.kubernetes.io/node-uid': [node.uid] } : {}),
        ...(pod ? { 'authentication.kubernetes.io/pod-name': [pod.name], 'authentication.kubernetes.io/pod-uid': [pod.uid] } : {}),
      },
    },
    credentialId: `jwt:${claims.jti}`,
    authenticator: 'service-account-token',
    expires: claims.exp * 1000,
    issued: claims.iat * 1000,
    bound,
  }
}
