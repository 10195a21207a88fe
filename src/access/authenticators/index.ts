// The authenticators in the order in which they are asked. Requests without any credential are the pipeline's to judge: health paths only.

import type { Clock } from '../../base/clock.ts'
import type { Authenticator } from '../access.ts'
import type { BootstrapTokens } from '../bootstrap-tokens.ts'
import { createBootstrapTokenAuthenticator } from './bootstrap-token.ts'
import { createClientCertificateAuthenticator } from './client-certificate.ts'
import { createJoinTicketAuthenticator, type JoinTickets } from './join-ticket.ts'
import { createJwtAuthenticator, type TokenIssuer } from './jwt.ts'
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
  /** Undefined where they are not taken. */
  readonly bootstrapTokens?: BootstrapTokens | undefined
  /** Of tokens beside the cluster's own. */
  readonly issuers: readonly TokenIssuer[]
  readonly clock: Clock
  /** Asked last of all. */
  readonly webhook?: { readonly settings: TokenWebhookSettings; readonly parts: TokenWebhookParts } | undefined
}

/** `serviceAccountTokens` and `tokenWebhook` are in the list too; TokenReview asks them for other audiences. */
export function authenticatorList({ clientAuthorities, tokens, tickets, bootstrapTokens, issuers, webhook, clock }: AuthenticatorParts): {
  readonly authenticators: readonly Authenticator[]
  readonly serviceAccountTokens: ServiceAccountTokenAuthenticator
  readonly tokenWebhook: TokenWebhook | undefined
} {
  const serviceAccountTokens = createServiceAccountTokenAuthenticator({ ...tokens, clock })
  const tokenWebhook = webhook && createTokenWebhook(webhook.settings, webhook.parts)
  return {
    serviceAccountTokens,
    tokenWebhook,
    authenticators: [
      createClientCertificateAuthenticator({ authorities: clientAuthorities, clock }),
      createJoinTicketAuthenticator(tickets, clock),
      serviceAccountTokens,
      ...(bootstrapTokens === undefined ? [] : [createBootstrapTokenAuthenticator(bootstrapTokens, clock)]),
      ...(issuers.length === 0 ? [] : [createJwtAuthenticator(issuers)]),
      ...(tokenWebhook === undefined ? [] : [tokenWebhook]),
    ],
  }
}
