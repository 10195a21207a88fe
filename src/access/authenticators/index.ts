// The authenticators in the order in which they are asked. Requests without any credential are the pipeline's to judge: health paths only.

import type { Clock } from '../../base/clock.ts'
import type { Authenticator } from '../access.ts'
import { createClientCertificateAuthenticator } from './client-certificate.ts'
import { createJoinTicketAuthenticator, type JoinTickets } from './join-ticket.ts'
import { createJwtAuthenticator, type TokenIssuer } from './jwt.ts'
import {
  createServiceAccountTokenAuthenticator,
  type ServiceAccountTokenAuthenticator,
  type ServiceAccountTokenOptions,
} from './service-account-token.ts'

export interface AuthenticatorParts {
  /** PEM of the client authorities. */
  readonly clientAuthorities: string
  readonly tokens: Omit<ServiceAccountTokenOptions, 'clock'>
  readonly tickets: JoinTickets
  /** Of tokens beside the cluster's own. */
  readonly issuers: readonly TokenIssuer[]
  readonly clock: Clock
}

/** `serviceAccountTokens` is in the list too; TokenReview asks it for other audiences. */
export function authenticatorList({ clientAuthorities, tokens, tickets, issuers, clock }: AuthenticatorParts): {
  readonly authenticators: readonly Authenticator[]
  readonly serviceAccountTokens: ServiceAccountTokenAuthenticator
} {
  const serviceAccountTokens = createServiceAccountTokenAuthenticator({ ...tokens, clock })
  return {
    serviceAccountTokens,
    authenticators: [
      createClientCertificateAuthenticator({ authorities: clientAuthorities, clock }),
      createJoinTicketAuthenticator(tickets, clock),
      serviceAccountTokens,
      ...(issuers.length === 0 ? [] : [createJwtAuthenticator(issuers)]),
    ],
  }
}
