// Pushes into one repository of a registry (OCI distribution-spec 1.1), over HTTPS: blobs in one piece, then manifests.
import type { Clock } from '../../../base/clock.ts'
import { UserError } from '../../../base/user-error.ts'
import type { ImageDestination } from '../copy/image-destination.ts'
import type { Digest } from '../digest.ts'
import type { Descriptor } from '../image-source.ts'
import { Authorization, type RegistryCredentials } from './authorization.ts'
import { HttpsTransport } from './https-transport.ts'
import { discard, wholeBody } from './read-body.ts'
import { RegistryDenied, RegistryUnavailable, RegistryUntrustworthy } from './registry-error.ts'

export interface RegistryWriterOptions {
  /** As in image references: `registry.example.com:5000`. */
  readonly host: string
  /** `shop/web` */
  readonly repository: string
  readonly credentials?: RegistryCredentials
  /** PEM; undefined for the system's authorities. */
  readonly authorities?: string
  /** What a token is asked for. Default: reading and writing. */
  readonly actions?: 'pull,push' | 'pull,push,delete'
  readonly clock: Clock
}

interface Sent {
  readonly method: 'DELETE' | 'HEAD' | 'POST' | 'PUT'
  readonly url: URL
  readonly headers?: Readonly<Record<string, string>>
  /** Made anew for each attempt. */
  readonly body?: () => AsyncIterable<Uint8Array>
}

const maxErrorBytes = 16 * 1024

export class RegistryWriter implements ImageDestination, Disposable {
  readonly #name: string
  readonly #base: URL
  readonly #transport: HttpsTransport
  readonly #authorization: Authorization

  constructor({ host, repository, credentials, authorities, clock, actions = 'pull,push' }: RegistryWriterOptions) {
    const origin = new URL(`https://${host}`)
    this.#name = `${host}/${repository}`
    this.#base = new URL(`/v2/${repository}/`, origin)
    this.#transport = new HttpsTransport({ origin, ...(authorities === undefined ? {} : { authorities }) })
    const known = credentials === undefined ? {} : { credentials }
    this.#authorization = new Authorization({ host, repository, transport: this.#transport, clock, actions, ...known })
  }

  async putBlob({ digest, size }: Descriptor, content: () => AsyncIterable<Uint8Array>, signal: AbortSignal): Promise<void> {
    const known = await this.#send({ method: 'HEAD', url: new URL(`blobs/${digest}`, this.#base) }, [200, 404], signal)
    if (known.status === 200) return
    const begun = await this.#send(
      { method: 'POST', url: new URL('blobs/uploads/', this.#base), headers: { 'content-length': '0' } },
      [202],
      signal,
    )
    const location =
      begun.location === undefined || !URL.canParse(begun.location, this.#base.href) ? undefined : new URL(begun.location, this.#base)
    if (location?.origin !== this.#base.origin)
      throw new RegistryUntrustworthy(`Registry of ${this.#name} does not say where to upload, or names another server`)
    location.searchParams.set('digest', digest)
    const headers = { 'content-type': 'application/octet-stream', 'content-length': String(size) }
    await this.#send({ method: 'PUT', url: location, headers, body: content }, [201], signal)
  }

  async putManifest({ digest, mediaType }: Descriptor, bytes: Uint8Array, tag: string | undefined, signal: AbortSignal): Promise<void> {
    const url = new URL(`manifests/${tag ?? digest}`, this.#base)
    const headers = { 'content-type': mediaType, 'content-length': String(bytes.length) }
    await this.#send({ method: 'PUT', url, headers, body: () => once(bytes) }, [201], signal)
  }

  /** Removes a manifest with all its tags. One that is not there is removed already. */
  async deleteManifest(digest: Digest, signal: AbortSignal): Promise<void> {
    await this.#send({ method: 'DELETE', url: new URL(`manifests/${digest}`, this.#base) }, [202, 404], signal)
  }

  [Symbol.dispose](): void {
    this.#transport[Symbol.dispose]()
  }

  /** Resolves with an answer of one of these statuses. */
  async #send({ method, url, headers = {}, body }: Sent, expected: readonly number[], signal: AbortSignal) {
    // The first request asks for the login; a body is sent once the registry has said what it wants.
    for (let attempt = 1; ; attempt++) {
      const header = this.#authorization.header
      const answer = await this.#transport.send(
        {
          ...{ method, url, headers: { ...headers, 'user-agent': 'bulkhead', ...(header === undefined ? {} : { authorization: header }) } },
          ...(body === undefined ? {} : { body: body() }),
        },
        signal,
      )
      const { statusCode = 0 } = answer
      if (expected.includes(statusCode)) {
        await discard(answer, method === 'HEAD' ? 'HEAD' : 'GET')
        return { status: statusCode, location: answer.headers.location }
      }
      const challenge = answer.headers['www-authenticate']
      const text = method === 'HEAD' ? '' : (await wholeBody(answer, maxErrorBytes, 'The refusal', signal)).toString('utf8')
      if (method === 'HEAD') await discard(answer, method === 'HEAD' ? 'HEAD' : 'GET')
      if (statusCode === 401 && attempt === 1) await this.#authorization.answer(challenge, signal)
      else throw this.#failure(statusCode, text)
    }
  }

  #failure(status: number, text: string): UserError {
    const why = text === '' ? '' : `: ${text.slice(0, 500).trim()}`
    if (status === 401 || status === 403)
      return new RegistryDenied(`${this.#name} may not be written by this client: status ${status}${why}`)
    if (status === 429 || status >= 500) return new RegistryUnavailable(`${this.#name} answers with status ${status}${why}`)
    return new UserError(`${this.#name} refuses what is pushed: status ${status}${why}`)
  }
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes
}
