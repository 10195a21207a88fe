// One request to a registry with its authentication, redirects and repetitions.
import type { IncomingMessage } from 'node:http'
import type { Clock } from '../../../base/clock.ts'
import type { Authorization } from './authorization.ts'
import type { HttpsTransport } from './https-transport.ts'
import { discard } from './read-body.ts'
import { RegistryDenied, RegistryUnavailable, RegistryUntrustworthy } from './registry-error.ts'

/** Content delivery networks take one or two. */
export const maxRedirects = 3
export const maxAttempts = 3
/** Before the second attempt; doubled before each other. */
const firstBackOffMs = 500
/** A registry may ask for a longer pause (Retry-After), but not for more than this. */
const maxBackOffMs = 10_000

export interface Requesting {
  /** For messages. */
  readonly host: string
  readonly transport: HttpsTransport
  readonly authorization: Authorization
  readonly clock: Clock
}

export interface RepositoryRequest {
  readonly method: 'GET' | 'HEAD'
  readonly url: URL
  readonly accept: string
}

/** Resolves with an answer of status 200 or 404, whose body the caller reads or destroys. Rejects with a RegistryError. */
export async function sendToRegistry(parts: Requesting, request: RepositoryRequest, signal: AbortSignal): Promise<IncomingMessage> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await sendOnce(parts, request, signal)
    } catch (err) {
      if (!(err instanceof RegistryUnavailable) || attempt === maxAttempts) throw err
      const wantedMs = err instanceof Busy ? err.retryAfterMs : 0
      await parts.clock.sleep(Math.min(maxBackOffMs, Math.max(wantedMs, firstBackOffMs * 2 ** (attempt - 1))), signal)
    }
  }
}

/** It asks for a later attempt. */
class Busy extends RegistryUnavailable {
  readonly retryAfterMs: number

  constructor(message: string, retryAfterMs: number) {
    super(message)
    this.retryAfterMs = retryAfterMs
  }
}

async function sendOnce(parts: Requesting, request: RepositoryRequest, signal: AbortSignal): Promise<IncomingMessage> {
  const { host, transport, authorization } = parts
  let { url } = request
  let redirects = 0
  let authenticated = false
  for (;;) {
    // Credentials are for the registry alone, not for where it leads.
    const forRegistry = url.origin === request.url.origin
    const header = forRegistry ? authorization.header : undefined
    const headers = { accept: request.accept, 'user-agent': 'bulkhead', ...(header === undefined ? {} : { authorization: header }) }
    const answer = await transport.send({ method: request.method, url, headers }, signal)
    const { statusCode = 0 } = answer
    if (statusCode === 200 || statusCode === 404) return answer
    const { location, 'www-authenticate': challenge } = answer.headers
    await discard(answer, request.method)
    if (statusCode === 401 && forRegistry && !authenticated) {
      authenticated = true
      await authorization.answer(challenge, signal)
    } else if (isRedirect(statusCode)) {
      if (++redirects > maxRedirects) throw new RegistryUntrustworthy(`Registry ${host} redirects more than ${maxRedirects} times`)
      url = redirectTarget(parts, request, url, location)
    } else throw failureOf(host, url, statusCode, answer.headers['retry-after'])
  }
}

const isRedirect = (status: number): boolean => [301, 302, 303, 307, 308].includes(status)

function redirectTarget({ host, transport }: Requesting, request: RepositoryRequest, from: URL, location: string | undefined): URL {
  if (location === undefined || !URL.canParse(location, from.href)) throw new RegistryUntrustworthy(`Registry ${host} redirects to nowhere`)
  const target = new URL(location, from)
  if (target.protocol !== 'https:')
    throw new RegistryUntrustworthy(`Registry ${host} redirects to ${target.protocol}//${target.host}; only https is used`)
  // Another port of the registry's machine may be anything there.
  if (transport.isOwnHost(target) && target.origin !== request.url.origin)
    throw new RegistryUntrustworthy(`Registry ${host} redirects to another port of its machine, ${target.host}`)
  return target
}

function failureOf(host: string, { pathname, origin }: URL, status: number, retryAfter: string | undefined): Error {
  if (status === 401 || status === 403)
    return new RegistryDenied(`Registry ${host} does not let this client read ${pathname}: status ${status}`)
  const message = `Registry ${host} answers ${origin}${pathname} with status ${status}`
  if (status !== 429 && status < 500) return new RegistryUntrustworthy(message)
  const seconds = /^\d{1,6}$/.test(retryAfter ?? '') ? Number(retryAfter) : 0
  return new Busy(message, seconds * 1000)
}
