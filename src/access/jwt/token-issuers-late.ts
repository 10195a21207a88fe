// The issuers of a validated configuration, in a separate file that is loaded only if there is one: it brings the expression engine.

import { writeJson } from '../../base/write-json.ts'
import { type CompiledJwt, type CompileScope, compileConfiguration } from './compile-configuration.ts'
import { type AuthenticationConfiguration, discoveryUrl, type JwtConfiguration } from './configuration.ts'
import { IssuerKeys, type IssuerKeysParts } from './issuer-keys.ts'
import type { MappingOptions } from './map-claims.ts'
import { createTokenIssuer, type RetirableIssuer } from './token-issuer.ts'
import type { TokenIssuer } from './token-verdict.ts'

interface Held {
  readonly issuer: RetirableIssuer
  readonly source: string
  readonly keys: IssuerKeys
}

export class TokenIssuers {
  readonly #scope: CompileScope
  readonly #parts: IssuerKeysParts
  readonly #mapping: MappingOptions
  /** By everything that the configuration says about them. */
  #held: ReadonlyMap<string, Held> = new Map()

  constructor(scope: CompileScope, parts: IssuerKeysParts, mapping: MappingOptions) {
    this.#scope = scope
    this.#parts = parts
    this.#mapping = mapping
  }

  /**
   * Replaces the issuers by those of this configuration. An unchanged one stays the same. Others are retired, and their keys stay cached
   * only if an issuer at the same URL publishes them.
   */
  replace(configuration: AuthenticationConfiguration): readonly TokenIssuer[] {
    const { errors, jwt } = compileConfiguration(configuration, this.#scope)
    if (errors.length > 0) throw new Error(`the authentication configuration has ${errors.length} errors`)
    const former = [...this.#held.values()]
    const held = new Map(
      jwt.map(compiled => {
        const key = writeJson(compiled.configuration)
        return [key, this.#held.get(key) ?? this.#make(compiled, former)]
      }),
    )
    this.#held = held
    const now = [...held.values()]
    for (const { issuer, keys } of former) {
      if (!now.some(other => other.issuer === issuer)) issuer.retire()
      if (!now.some(other => other.keys === keys)) keys.end()
    }
    return now.map(({ issuer }) => issuer)
  }

  #make(compiled: CompiledJwt, former: readonly Held[]): Held {
    const source = keySource(compiled.configuration)
    const place = writeJson(source)
    const keys = former.find(other => other.source === place)?.keys ?? new IssuerKeys(source, this.#parts)
    return { source: place, keys, issuer: createTokenIssuer({ compiled, keys, clock: this.#parts.clock, mapping: this.#mapping }) }
  }
}

function keySource({ issuer }: JwtConfiguration) {
  const authorities = issuer.certificateAuthority === '' ? undefined : issuer.certificateAuthority
  return { issuer: issuer.url, discoveryUrl: discoveryUrl(issuer), authorities }
}
