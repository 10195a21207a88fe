// The interfaces between the request pipeline, the authenticators (who is the user) and the authorizers (what may the user do).

import type { UserInfo } from '../api/user.ts'

/** The user.extra key for the credential's id, as upstream. */
export const credentialIdExtra = 'authentication.kubernetes.io/credential-id'

export type { UserInfo }

export interface Credentials {
  /** The verified-chain-independent DER of the client's certificate; undefined without one. Verification is the authenticator's work. */
  readonly peerCertificate?: Buffer
  /** The `Authorization` header; undefined without one. Never log it. */
  readonly authorization?: string
  readonly remoteAddress: string
}

export type Authentication =
  | {
      readonly outcome: 'authenticated'
      readonly user: UserInfo
      /** For the audit event and the deny list: `x509:<sha256>`, `jwt:<jti>`; never the credential itself. */
      readonly credentialId: string
      /** Other names of the credential in the deny list: `x509-serial:<hex>`. */
      readonly credentialAliases?: readonly string[]
      readonly authenticator: string
      /** Milliseconds since the epoch; open streams of this identity end then. */
      readonly expires?: number
      /** When a token of this cluster was issued, in milliseconds since the Unix epoch. */
      readonly issued?: number
      /** The source of the credential, if it can be removed while the cluster runs; open streams of this identity end then. */
      readonly source?: CredentialSource
      /** What the credential is bound to, if it ends with objects of the cluster. Checked on each request; open streams follow it. */
      readonly bound?: BoundCredential
    }
  | { readonly outcome: 'no-opinion' }
  | { readonly outcome: 'rejected'; readonly reason: string; readonly asked?: readonly AuthenticatorOpinion[] }

/** Of a token alone, with the audiences that it is for. */
export type ReviewedToken = Authentication & { readonly audiences?: readonly string[] }

export interface CredentialSource {
  /** Why the source no longer authenticates; undefined while it does. */
  readonly ended: string | undefined
}

export interface BoundCredential {
  /** Why it is no longer accepted; undefined while it is. */
  refusal(): string | undefined
  /** When one of the objects that is being deleted ends, in milliseconds since the epoch. */
  ends(): number | undefined
  /** Calls the listener after each change of one of the objects. Returns a function that stops it. */
  onChange(listener: () => void): () => void
}

/** Why one authenticator did not accept the credentials: for the audit event, so never a part of the credential. */
export interface AuthenticatorOpinion {
  readonly authenticator: string
  readonly reason: string
}

export interface Authenticator {
  readonly name: string
  authenticate(credentials: Credentials): Promise<Authentication>
}

/** The requested access. Resource requests have `resource`; others have `path`. */
export interface Attributes {
  readonly user: UserInfo
  readonly verb: string
  readonly isResource: boolean
  readonly group: string
  readonly version: string
  readonly resource: string
  readonly subresource: string
  readonly namespace: string
  readonly name: string
  readonly path: string
  readonly labelSelector?: string
  readonly fieldSelector?: string
}

/** What an allowing decision depends on, if that can change: long requests then check again. */
export interface AccessBasis {
  /** Calls the listener after each change that may revoke the right. Returns a function that stops it. */
  onChange(listener: () => void): () => void
}

export type Decision =
  | { readonly decision: 'allow'; readonly reason: string; readonly basis?: AccessBasis }
  | { readonly decision: 'deny'; readonly reason: string }
  | { readonly decision: 'no-opinion'; readonly reason: string }

export interface Authorizer {
  readonly name: string
  authorize(attributes: Attributes): Decision
}

/** `error`: what went wrong during the decision, without anything that users must not know. */
export type WebhookDecision = Decision & { readonly error?: string }

/** An external authorizer. */
export interface WebhookAuthorizer {
  readonly name: string
  /**
   * Never rejects. `question` is the same object for all authorizers that decide one
   * decision, and another for each decision: what they may spend on it together hangs on it.
   */
  ask(attributes: Attributes, question?: object): Promise<WebhookDecision>
}

/** Allowed only by an explicit allow. `authorizer` names the one that decided, `webhook` too if it is one. */
export type AccessVerdict =
  | {
      readonly allowed: true
      readonly authorizer: string
      readonly reason: string
      readonly webhook?: string
      readonly basis?: AccessBasis
    }
  /** `denied`: an authorizer denied; otherwise none allowed. With an `error`, an authorizer might have decided otherwise. */
  | { readonly allowed: false; readonly reason: string; readonly denied?: true; readonly webhook?: string; readonly error?: string }

export const systemMasters = 'system:masters'
/** Bound to cluster-admin. Begins with `system:`, so that no issuer of tokens and no certificate request can name it. */
export const administratorsGroup = 'system:bulkhead:administrators'
export const authenticatedGroup = 'system:authenticated'
export const unauthenticatedGroup = 'system:unauthenticated'
export const anonymousUser: UserInfo = { name: 'system:anonymous', groups: [unauthenticatedGroup] }
