// The external issuers whose tokens the API server accepts, and how to reach them.

import type { CompileScope } from '../../access/jwt/compile-configuration.ts'
import type { AuthenticationConfiguration } from '../../access/jwt/configuration.ts'
import type { TokenIssuers } from '../../access/jwt/token-issuers-late.ts'
import { defaultIssuer } from '../../access/tokens/issue-token.ts'
import type { Clock } from '../../base/clock.ts'
import type { Profile } from '../../base/config/config.ts'
import type { Logger } from '../../base/log.ts'
import { fetchDocument } from '../../server/http/fetch-document.ts'
import { healthPaths } from '../../server/paths/health.ts'

export const authenticationScope: CompileScope = { disallowedIssuers: [defaultIssuer], anonymousPaths: healthPaths }

export interface TokenIssuersParts {
  readonly clock: Clock
  readonly log: Logger
  readonly signal: AbortSignal
  readonly profile: Profile
}

/** Undefined without a configuration. */
export async function tokenIssuers(
  configuration: AuthenticationConfiguration | undefined,
  { clock, log, signal, profile }: TokenIssuersParts,
): Promise<TokenIssuers | undefined> {
  if (configuration === undefined) return undefined
  const { TokenIssuers } = await import('../../access/jwt/token-issuers-late.ts')
  const parts = { fetch: fetchDocument, clock, log, signal }
  return new TokenIssuers(authenticationScope, parts, { allowsReserved: profile === 'upstream' })
}

/** The paths that answer without credentials; undefined leaves it to the server. */
export function anonymousPaths(configuration: AuthenticationConfiguration | undefined): readonly string[] | undefined {
  const { anonymous } = configuration ?? {}
  return anonymous && (anonymous.enabled ? anonymous.paths : [])
}
