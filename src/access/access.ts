// Who asks, and whether they may: the interfaces between the pipeline and the authenticators and authorizers.

import type { UserInfo } from '../api/user.ts'

export type { UserInfo }

export interface Credentials {
  /** The verified-chain-independent DER of the client's certificate; undefined without one. Verification is the authenticator's work. */
  readonly peerCertificate?: Buffer
  /** The `Authorization` header, undefined without one. Never log it. */
  readonly authorization?: string
  readonly remoteAddress: string
}

export type Authentication =
  | {
      readonly outcome: 'authenticated'
      readonly user: UserInfo
      /** For the audit event and the deny list: `x509:<sha256>`, `jwt:<jti>`; never the credential itself. */
      readonly credentialId: string
      /** Other names under which the deny list may know the credential: `x509-serial:<hex>`. */
      readonly credentialAliases?: readonly string[]
      readonly authenticator: string
      /** Milliseconds since the epoch; open streams of this identity end then. */
      readonly expires?: number
      /** What it was made by, where that can end while the cluster runs; open streams of this identity end then. */
      readonly source?: CredentialSource
      /** What it is bound to, where it ends with objects of the cluster. Each request is checked for that; open streams follow it. */
      readonly bound?: BoundCredential
    }
  | { readonly outcome: 'no-opinion' }
  | { readonly outcome: 'rejected'; readonly reason: string; readonly asked?: readonly AuthenticatorOpinion[] }

export interface CredentialSource {
  /** Why nobody is authenticated by it any more; undefined as long as somebody is. */
  readonly ended: string | undefined
}

export interface BoundCredential {
  /** Why it is not accepted any more; undefined as long as it is. */
  refusal(): string | undefined
  /** When one of the objects ends that is being deleted, in milliseconds since the epoch. */
  ends(): number | undefined
  /** Calls the listener after each change of one of the objects. Returns how to stop. */
  onChange(listener: () => void): () => void
}

/** What one authenticator said of credentials that nobody accepted: for the audit event, so never a part of the credential. */
export interface AuthenticatorOpinion {
  readonly authenticator: string
  readonly reason: string
}

export interface Authenticator {
  readonly name: string
  /** Synchronous where it can be (caches), so that the hot path has no needless turn. */
  authenticate(credentials: Credentials): Authentication | Promise<Authentication>
}

/** What is asked for. Resource requests have `resource`; others have `path`. */
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

/** What an allowing decision rests on, where that can change: whoever goes on under the decision then asks again. */
export interface AccessBasis {
  /** Calls the listener after each change that may end the right. Returns how to stop. */
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

/** `error`: what went wrong while deciding, with nothing that users must not know. */
export type WebhookDecision = Decision & { readonly error?: string }

/** Somebody else is asked. */
export interface WebhookAuthorizer {
  readonly name: string
  /**
   * A promise, which never rejects, only where the answer is not known. `question` is the same object for all authorizers that are asked for one
   * decision, and another for each decision: what they may spend on it together hangs on it.
   */
  ask(attributes: Attributes, question?: object): WebhookDecision | Promise<WebhookDecision>
}

/** Allowed only by an explicit allow. `authorizer` names who decided, `webhook` too where it is one. */
export type AccessVerdict =
  | {
      readonly allowed: true
      readonly authorizer: string
      readonly reason: string
      readonly webhook?: string
      readonly basis?: AccessBasis
    }
  /** `denied`: an authorizer said no; else nobody said yes. With an `error` somebody might have said otherwise. */
  | { readonly allowed: false; readonly reason: string; readonly denied?: true; readonly webhook?: string; readonly error?: string }

export const systemMasters = 'system:masters'
export const authenticatedGroup = 'system:authenticated'
export const unauthenticatedGroup = 'system:unauthenticated'
export const anonymousUser: UserInfo = { name: 'system:anonymous', groups: [unauthenticatedGroup] }
