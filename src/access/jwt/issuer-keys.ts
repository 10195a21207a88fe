// The keys of one issuer: fetched with its first token, cached, and fetched again when they are old or none fits a token.
import { parseJsonBytes } from '../../api/schema/decode.ts'
import { deadline } from '../../base/async/abort.ts'
import type { Clock } from '../../base/clock.ts'
import { getOwn } from '../../base/data/own-property.ts'
import { isJsonObject } from '../../base/json.ts'
import type { Logger } from '../../base/log.ts'
import { readKeySet, type VerificationKey } from './verification-key.ts'

export interface DocumentRequest {
  readonly url: string
  /** PEM; undefined for the system's authorities. */
  readonly authorities: string | undefined
  /** A longer document is refused. */
  readonly maxBytes: number
}

/** Resolves with the body of a 200 answer over verified TLS; follows no redirect. Rejects with an Error that describes the fault. */
export type FetchDocument = (request: DocumentRequest, signal: AbortSignal) => Promise<Buffer>

export interface IssuerKeysParts {
  readonly fetch: FetchDocument
  readonly clock: Clock
  readonly log: Logger
  /** Aborts a running fetch. */
  readonly signal: AbortSignal
}

export interface KeySource {
  readonly issuer: string
  readonly discoveryUrl: string
  readonly authorities: string | undefined
}

const maxDocumentBytes = 256 * 1024
/** Time limit for both documents together. */
const askingMs = 10_000
/** Minimum time between successful fetches, so that tokens with invented keys cause no more. */
const askAgainMs = 10_000
/** Limit of tokens that wait for one fetch, each with its request. */
const maxWaiting = 500
/** A key that the issuer has revoked is not accepted longer than this, unless the issuer is unreachable. */
const maxAgeMs = 3_600_000
/** Delay after a failed fetch; doubled each time. */
const firstRetryMs = 1_000
const maxRetryMs = 60_000

export class IssuerKeys {
  readonly #source: KeySource
  readonly #end = new AbortController()
  readonly #parts: IssuerKeysParts
  #keys: readonly VerificationKey[] = []
  #identities: ReadonlySet<string> = new Set()
  #asking: Promise<void> | undefined
  #waiting = 0
  #failures = 0
  /** On the monotonic clock. */
  #mayAskAt = Number.NEGATIVE_INFINITY
  #oldAt = Number.NEGATIVE_INFINITY

  constructor(source: KeySource, parts: IssuerKeysParts) {
    this.#source = source
    this.#parts = parts
  }

  get keys(): readonly VerificationKey[] {
    return this.#keys
  }

  /** Whether the issuer still publishes the key, as far as is known. */
  has({ identity }: VerificationKey): boolean {
    return this.#identities.has(identity)
  }

  /** The keys are no longer needed: a running fetch is aborted. */
  end(): void {
    this.#end.abort(new Error('the issuer was retired'))
  }

  /** Fetches the keys, once for all who wait; never rejects. Undefined if they were fetched recently, or too many wait. */
  refresh(): Promise<void> | undefined {
    if (this.#end.signal.aborted) return undefined
    if (this.#asking === undefined && this.#parts.clock.monotonic() < this.#mayAskAt) return undefined
    if (++this.#waiting > maxWaiting) return undefined
    this.#asking ??= this.#ask()
    return this.#asking
  }

  /** Runs in the background: the cached keys are used meanwhile. */
  refreshWhereOld(): void {
    if (this.#asking === undefined && this.#parts.clock.monotonic() >= this.#oldAt) void this.refresh()
  }

  async #ask(): Promise<void> {
    const { clock, log, signal } = this.#parts
    const given = [signal, this.#end.signal]
    try {
      using limit = deadline(clock, askingMs)
      const keys = await this.#fetchKeys(AbortSignal.any([...given, limit.signal]))
      this.#keys = keys
      this.#identities = new Set(keys.map(({ identity }) => identity))
      this.#failures = 0
      this.#mayAskAt = clock.monotonic() + askAgainMs
      this.#oldAt = clock.monotonic() + maxAgeMs
    } catch (err) {
      const retryMs = Math.min(maxRetryMs, firstRetryMs * 2 ** this.#failures)
      this.#failures++
      this.#mayAskAt = clock.monotonic() + retryMs
      if (!given.some(({ aborted }) => aborted))
        log.error('keys of a token issuer not read', { issuer: this.#source.issuer, failures: this.#failures, err })
    } finally {
      this.#asking = undefined
      this.#waiting = 0
    }
  }

  async #fetchKeys(signal: AbortSignal): Promise<VerificationKey[]> {
    const { issuer, discoveryUrl } = this.#source
    const provider = await this.#fetchJson(discoveryUrl, signal)
    const member = (name: string): unknown => (isJsonObject(provider) ? getOwn(provider, name) : undefined)
    if (member('issuer') !== issuer) throw new Error('oidc: issuer did not match the issuer returned by provider')
    const keySetUrl = member('jwks_uri')
    if (typeof keySetUrl !== 'string' || !isPlainHttps(keySetUrl)) throw new Error('oidc: the provider names no https jwks_uri')
    return readKeySet(await this.#fetchJson(keySetUrl, signal))
  }

  async #fetchJson(url: string, signal: AbortSignal): Promise<unknown> {
    const { authorities } = this.#source
    const parsed = parseJsonBytes(await this.#parts.fetch({ url, authorities, maxBytes: maxDocumentBytes }, signal))
    if (!parsed.ok) throw new Error(`oidc: the answer is not JSON: ${parsed.message}`)
    return parsed.value
  }
}

function isPlainHttps(url: string): boolean {
  const read = URL.canParse(url) ? new URL(url) : undefined
  return read?.protocol === 'https:' && read.username === '' && read.password === ''
}
