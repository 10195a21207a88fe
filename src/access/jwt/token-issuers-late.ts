// The issuers of a configuration that has been judged, in a file of its own that is loaded only where there is one: it brings the engine of expressions.
import type { TokenIssuer } from '../authenticators/jwt.ts'
import { type CompileScope, compileConfiguration } from './compile-configuration.ts'
import type { AuthenticationConfiguration } from './configuration.ts'
import type { IssuerKeysParts } from './issuer-keys.ts'
import type { MappingOptions } from './map-claims.ts'
import { createTokenIssuer } from './token-issuer.ts'

export function createTokenIssuers(
  configuration: AuthenticationConfiguration,
  scope: CompileScope,
  parts: IssuerKeysParts,
  options: MappingOptions,
): TokenIssuer[] {
  const { errors, jwt } = compileConfiguration(configuration, scope)
  if (errors.length > 0) throw new Error(`the authentication configuration has ${errors.length} errors`)
  return jwt.map(compiled => createTokenIssuer(compiled, parts, options))
}
