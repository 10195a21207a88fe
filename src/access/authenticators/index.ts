// The authenticators in their order. The pipeline handles requests without a credential: health checks only.

import type { Clock } from '../../base/clock.ts'
import type { Authenticator } from '../access.ts'
import type { BootstrapTokens } from '../credentials/bootstrap-tokens.ts'
import type { TokenIssuer } from '../jwt/token-verdict.ts'
import { createBootstrapTokenAuthenticator } from './bootstrap-token.ts'
import { createClientCertificateAuthenticator } from './client-certificate.ts'
import { createJoinTicketAuthenticator, type JoinTickets } from './join-ticket.ts'
import { createJwtAuthenticator, type JwtAuthenticator, type JwtParts } from './jwt.ts'
import {
  createServiceAccountTokenAuthenticator,
  type ServiceAccountTokenAuthenticator,
  type ServiceAccountTokenOptions,
} from './service-account-token.ts'
import { createTokenWebhook, type TokenWebhook, type TokenWebhookParts, type TokenWebhookSettings } from './token-webhook.ts'

export interface AuthenticatorParts {
  /** PEM of the client authorities. */
  readonly clientAuthorities: string
  readonly tokens: Omit<ServiceAccountTokenOptions, 'clock'>
  readonly tickets: JoinTickets
  /** Undefined if they are not accepted. */
  readonly bootstrapTokens?: BootstrapTokens | undefined
  /** For tokens of other issuers. Undefined if no configuration can name any. */
  readonly issued?: { readonly issuers: readonly TokenIssuer[]; readonly parts: Omit<JwtParts, 'clock'> } | undefined
  readonly clock: Clock
  /** Called last. */
  readonly webhook?: { readonly settings: TokenWebhookSettings; readonly parts: TokenWebhookParts } | undefined
}

/**
 * `serviceAccountTokens` and `tokenWebhook` are in the list too; TokenReview calls them for other audiences. So is `jwt`, whose issuers may
 * change.
 */
export function authenticatorList({ clientAuthorities, tokens, tickets, bootstrapTokens, issued, webhook, clock }: AuthenticatorParts): {
  readonly authenticators: readonly Authenticator[]
  readonly serviceAccountTokens: ServiceAccountTokenAuthenticator
  readonly tokenWebhook: TokenWebhook | undefined
  readonly jwt: JwtAuthenticator | undefined
} {
  const serviceAccountTokens = createServiceAccountTokenAuthenticator({ ...tokens, clock })
  const tokenWebhook = webhook && createTokenWebhook(webhook.settings, webhook.parts)
  const jwt = issued && createJwtAuthenticator(issued.issuers, { ...issued.parts, clock })
  return {
    serviceAccountTokens,
    tokenWebhook,
    jwt,
    authenticators: [
      createClientCertificateAuthenticator({ authorities: clientAuthorities, clock }),
      createJoinTicketAuthenticator(tickets, clock),
      serviceAccountTokens,
      ...(bootstrapTokens === undefined ? [] : [createBootstrapTokenAuthenticator(bootstrapTokens, clock)]),
      ...(jwt === undefined ? [] : [jwt]),
      ...(tokenWebhook === undefined ? [] : [tokenWebhook]),
    ],
  }
}
