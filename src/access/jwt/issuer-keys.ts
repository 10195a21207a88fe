// The keys of one issuer: asked for when the first of its tokens comes, kept, and asked for anew when they are old or none of them fits a token.
import { parseJsonBytes } from '../../api/schema/decode.ts'
import { deadline } from '../../base/abort.ts'
import type { Clock } from '../../base/clock.ts'
import { isJsonObject } from '../../base/json.ts'
import type { Logger } from '../../base/log.ts'
import { getOwn } from '../../base/own-property.ts'
import { readKeySet, type VerificationKey } from './verification-key.ts'

export interface DocumentRequest {
  readonly url: string
  /** PEM; undefined for the authorities of the system. */
  readonly authorities: string | undefined
  /** What is longer is refused. */
  readonly maxBytes: number
}

/** The body of an answer 200 over verified TLS; follows no redirect. Rejects with an Error that says what went wrong. */
export type FetchDocument = (request: DocumentRequest, signal: AbortSignal) => Promise<Buffer>

export interface IssuerKeysParts {
  readonly fetch: FetchDocument
  readonly clock: Clock
  readonly log: Logger
  /** Ends what is being asked for. */
  readonly signal: AbortSignal
}

export interface KeySource {
  readonly issuer: string
  readonly discoveryUrl: string
  readonly authorities: string | undefined
}

const maxDocumentBytes = 256 * 1024
/** For both documents together. */
const askingMs = 10_000
/** Between two questions that were answered: whoever makes up keys of tokens asks for no more. */
const askAgainMs = 10_000
/** Tokens that may wait for one answer, each with its request. */
const maxWaiting = 500
/** A key that the issuer has withdrawn is not taken for longer, unless the issuer is away. */
const maxAgeMs = 3_600_000
/** Between questions that were not answered; twice as long each time. */
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
  /** By the clock that nobody sets. */
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

  /** Nobody needs them any more: what is being asked for is given up. */
  end(): void {
    this.#end.abort(new Error('the issuer was retired'))
  }

  /** Asks the issuer, once for all who wait; never rejects. Undefined where it was asked a short while ago, and where too many wait. */
  refresh(): Promise<void> | undefined {
    if (this.#end.signal.aborted) return undefined
    if (this.#asking === undefined && this.#parts.clock.monotonic() < this.#mayAskAt) return undefined
    if (++this.#waiting > maxWaiting) return undefined
    this.#asking ??= this.#ask()
    return this.#asking
  }

  /** Goes on in the background: the keys that are known serve meanwhile. */
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
