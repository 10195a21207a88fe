// The header Authorization for one repository: Basic, or a token that the registry's token server issues (distribution, docs/spec/auth/token.md).
import type { Clock } from '../../../base/clock.ts'
import { isJsonObject, parseJson } from '../../../base/json.ts'
import { parseChallenge } from './challenge.ts'
import type { HttpsTransport } from './https-transport.ts'
import { wholeBody } from './read-body.ts'
import { RegistryDenied, RegistryUnavailable, RegistryUntrustworthy } from './registry-error.ts'

export interface RegistryCredentials {
  readonly username: string
  readonly password: string
}

const maxTokenAnswerBytes = 64 * 1024
/** Where the server does not say it (token.md). */
const defaultTokenSeconds = 60
/** A token is renewed so long before its end. */
const spareMs = 5_000
/** What a header may have (RFC 6750, 2.1). */
const tokenForm = /^[A-Za-z0-9._~+/=-]+$/

export interface AuthorizationParts {
  /** `registry.example.com:5000`, for messages. */
  readonly host: string
  readonly repository: string
  readonly credentials?: RegistryCredentials
  /** What a token is asked for; default: reading. */
  readonly actions?: 'pull' | 'pull,push' | 'pull,push,delete'
  readonly transport: HttpsTransport
  readonly clock: Clock
}

export class Authorization {
  readonly #parts: AuthorizationParts
  #header: { readonly value: string; readonly until: number } | undefined

  constructor(parts: AuthorizationParts) {
    this.#parts = parts
  }

  /** Of the last challenge, while it is valid. */
  get header(): string | undefined {
    return this.#header !== undefined && this.#parts.clock.monotonic() < this.#header.until ? this.#header.value : undefined
  }

  /** Answers a 401. Rejects with RegistryDenied if there is nothing to answer with. */
  async answer(challengeHeader: string | undefined, signal: AbortSignal): Promise<void> {
    this.#header = undefined
    const { host, repository, credentials } = this.#parts
    const challenge = parseChallenge(challengeHeader)
    if (challenge === undefined) throw new RegistryDenied(`Registry ${host} wants another authentication than Basic or Bearer`)
    if (challenge.scheme === 'bearer') return await this.#fetchToken(challenge.realm, challenge.service, signal)
    if (credentials === undefined)
      throw new RegistryDenied(`Registry ${host} wants a name and a password for "${repository}", and none are known`)
    this.#header = { value: basic(credentials), until: Number.POSITIVE_INFINITY }
  }

  async #fetchToken(realm: string, service: string | undefined, signal: AbortSignal): Promise<void> {
    const { host, repository, credentials, transport, clock, actions = 'pull' } = this.#parts
    const url = URL.canParse(realm) ? new URL(realm) : undefined
    if (url?.protocol !== 'https:' || url.username !== '' || url.password !== '')
      throw new RegistryUntrustworthy(
        `Registry ${host} names "${realm.slice(0, 200)}" as its token server; an https URL without a password is accepted`,
      )
    if (service !== undefined) url.searchParams.set('service', service)
    // Never the scope of the challenge: a registry could ask for more than reading.
    url.searchParams.set('scope', `repository:${repository}:${actions}`)
    const headers = credentials === undefined ? {} : { authorization: basic(credentials) }
    const answer = await transport.send({ method: 'GET', url, headers: { accept: 'application/json', ...headers } }, signal)
    const { statusCode = 0 } = answer
    const body = await wholeBody(answer, maxTokenAnswerBytes, `The answer of the token server ${url.host}`, signal)
    if (statusCode === 401 || statusCode === 403)
      throw new RegistryDenied(`Token server ${url.host} refuses to let this client read "${repository}"`)
    if (statusCode !== 200) throw new RegistryUnavailable(`Token server ${url.host} answers with status ${statusCode}`)
    const { token, seconds } = readToken(body, url.host)
    this.#header = { value: `Bearer ${token}`, until: clock.monotonic() + seconds * 1000 - spareMs }
  }
}

const basic = ({ username, password }: RegistryCredentials): string => `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`

function readToken(body: Buffer, host: string): { readonly token: string; readonly seconds: number } {
  let value: unknown
  try {
    value = parseJson(body.toString('utf8'))
  } catch (err) {
    throw new RegistryUntrustworthy(`Token server ${host} does not answer in JSON`, { cause: err })
  }
  const { token, access_token: accessToken, expires_in: seconds } = isJsonObject(value) ? value : {}
  const found = typeof token === 'string' ? token : accessToken
  if (typeof found !== 'string' || !tokenForm.test(found)) throw new RegistryUntrustworthy(`Token server ${host} answers without a token`)
  return { token: found, seconds: typeof seconds === 'number' && seconds > 0 ? seconds : defaultTokenSeconds }
}
