// What an issuer says of a token that names it.
import type { Authentication, CredentialSource } from '../access.ts'
import type { SignedToken } from './signed-token.ts'

export interface AcceptedToken {
  readonly authentication: Extract<Authentication, { outcome: 'authenticated' }>
  /** Whether the token has not expired and its key is still one of the issuer's. */
  holds(): boolean
}

export type TokenVerdict = AcceptedToken | Exclude<Authentication, { outcome: 'authenticated' }>

export interface TokenIssuer extends CredentialSource {
  readonly url: string
  /** Of a token that names this issuer. */
  verify(token: SignedToken): Promise<TokenVerdict>
}
