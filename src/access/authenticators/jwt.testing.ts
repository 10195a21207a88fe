// For tests: an issuer and the authenticator of its tokens.
import assert from 'node:assert/strict'
import { createLogger } from '../../base/log.ts'
import { createRegistry } from '../../base/metrics/metrics.ts'
import { fetchDocument } from '../../server/http/fetch-document.ts'
import { createAuthentication } from '../authenticate.ts'
import type { JwtConfiguration } from '../jwt/configuration.ts'
import { type Claims, TestClock, TestIssuer, type TestKey } from '../jwt/test-issuer.testing.ts'
import { TokenIssuers } from '../jwt/token-issuers-late.ts'
import { createDenyList } from '../revocation.ts'
import { issuerMetrics, tokenCacheMetrics } from '../token-metrics.ts'
import { createJwtAuthenticator, type JwtAuthenticator } from './jwt.ts'

const scope = { disallowedIssuers: [], anonymousPaths: [] }

/** An issuer, and requests for its users. */
export class World implements AsyncDisposable {
  readonly issuer: TestIssuer
  readonly clock = new TestClock()
  readonly denyList = createDenyList()
  readonly logLines: string[] = []
  readonly metrics = createRegistry()
  readonly #stop = new AbortController()
  readonly #issuers: TokenIssuers
  readonly #authenticator: JwtAuthenticator
  readonly #authenticate: ReturnType<typeof createAuthentication>

  constructor(issuer: TestIssuer, configuration: JwtConfiguration, others: readonly JwtConfiguration[], allowsReserved: boolean) {
    this.issuer = issuer
    const log = createLogger({ level: 'debug', destination: { write: line => void this.logLines.push(line) } })
    const parts = { fetch: fetchDocument, clock: this.clock, log, signal: this.#stop.signal }
    this.#issuers = new TokenIssuers(scope, parts, { allowsReserved })
    this.#authenticator = createJwtAuthenticator(this.#issuers.replace({ jwt: [configuration, ...others] }), {
      clock: this.clock,
      cache: tokenCacheMetrics(this.metrics),
      metrics: issuerMetrics(this.metrics),
    })
    this.#authenticate = createAuthentication({ authenticators: [this.#authenticator], denyList: this.denyList })
  }

  /** The file was changed. */
  replace(...jwt: readonly JwtConfiguration[]): void {
    this.#authenticator.replace(this.#issuers.replace({ jwt }))
    this.denyList.endDenied()
  }

  claims(more: Claims = {}): Claims {
    return this.issuer.claims(this.clock.ms, more)
  }

  async token(more: Claims = {}, key?: TestKey): Promise<string> {
    return await this.issuer.sign(this.claims(more), key)
  }

  ask(token: string): ReturnType<ReturnType<typeof createAuthentication>> {
    return this.#authenticate({ authorization: `Bearer ${token}`, remoteAddress: '192.0.2.1' })
  }

  /** Fails if the token is rejected. */
  async user(token: string) {
    const decided = await this.ask(token)
    assert.ok(decided.outcome === 'authenticated', decided.outcome === 'rejected' ? decided.reason : decided.outcome)
    return decided.user
  }

  /** The reason of the rejection; fails if the token is accepted. */
  async refusal(token: string): Promise<string> {
    const decided = await this.ask(token)
    assert.ok(decided.outcome === 'rejected', decided.outcome)
    return decided.reason
  }

  /** The server that the authenticator is a part of ends. */
  stop(): void {
    this.#stop.abort(new Error('the server ends'))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.stop()
    await this.issuer[Symbol.asyncDispose]()
  }
}

export async function openWorld(
  more: Parameters<TestIssuer['configuration']>[0] = {},
  { others = [], allowsReserved = false }: { others?: readonly JwtConfiguration[]; allowsReserved?: boolean } = {},
): Promise<World> {
  const issuer = await TestIssuer.open()
  return new World(issuer, issuer.configuration(more), others, allowsReserved)
}

export const noKeyFits = 'oidc: verify token: failed to verify signature: failed to verify id token signature'
export const notInitialized = 'oidc: authenticator not initialized: the keys of the issuer are not known'
export const second = 1_000

/** So many seconds after now, as tokens write it. */
export const later = (world: World, seconds: number): number => Math.floor(world.clock.ms / second) + seconds
