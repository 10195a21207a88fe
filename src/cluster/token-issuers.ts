// The issuers beside the cluster's own whose tokens the API server takes, with the way to them.
import type { TokenIssuer } from '../access/authenticators/jwt.ts'
import { defaultIssuer } from '../access/issue-token.ts'
import type { CompileScope } from '../access/jwt/compile-configuration.ts'
import type { AuthenticationConfiguration } from '../access/jwt/configuration.ts'
import type { Clock } from '../base/clock.ts'
import type { Profile } from '../base/config.ts'
import type { Logger } from '../base/log.ts'
import { healthPaths } from '../server/health/health.ts'
import { fetchDocument } from '../server/transport/fetch-document.ts'

export const authenticationScope: CompileScope = { disallowedIssuers: [defaultIssuer], anonymousPaths: healthPaths }

export interface TokenIssuersParts {
  readonly clock: Clock
  readonly log: Logger
  readonly signal: AbortSignal
  readonly profile: Profile
}

export async function tokenIssuers(
  configuration: AuthenticationConfiguration | undefined,
  { clock, log, signal, profile }: TokenIssuersParts,
): Promise<readonly TokenIssuer[]> {
  if (configuration === undefined || configuration.jwt.length === 0) return []
  const { createTokenIssuers } = await import('../access/jwt/token-issuers-late.ts')
  const parts = { fetch: fetchDocument, clock, log, signal }
  return createTokenIssuers(configuration, authenticationScope, parts, { allowsReserved: profile === 'upstream' })
}

/** The paths that answer without credentials; undefined leaves it to the server. */
export function anonymousPaths(configuration: AuthenticationConfiguration | undefined): readonly string[] | undefined {
  const { anonymous } = configuration ?? {}
  return anonymous && (anonymous.enabled ? anonymous.paths : [])
}
