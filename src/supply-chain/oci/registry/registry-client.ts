// One repository of a registry as an image source (OCI distribution-spec 1.1), over HTTPS. Nothing that the registry answers is believed:
// content must have its digest and size, and each answer is limited in bytes, pages, redirects and time.
import { createHash } from 'node:crypto'
import type { Clock } from '../../../base/clock.ts'
import { isJsonObject, parseJson } from '../../../base/json.ts'
import { UserError } from '../../../base/user-error.ts'
import { type Digest, isDigest } from '../digest.ts'
import type { Descriptor, ImageSource, Manifest } from '../image-source.ts'
import { Authorization, type RegistryCredentials } from './authorization.ts'
import { HttpsTransport, type TransportOptions } from './https-transport.ts'
import { discard, readBody, wholeBody } from './read-body.ts'
import { maxReferrerPages, maxReferrers, nextPage, readIndexEntries } from './referrers.ts'
import { RegistryUntrustworthy } from './registry-error.ts'
import { type RepositoryRequest, type Requesting, sendToRegistry } from './registry-request.ts'

export interface RegistryOptions extends Omit<TransportOptions, 'origin'> {
  /** As in image references: `registry.example.com:5000`. */
  readonly host: string
  /** `shop/web` */
  readonly repository: string
  readonly credentials?: RegistryCredentials
  readonly clock: Clock
}

/** The specification asks registries to take as much. */
export const maxManifestBytes = 4 * 1024 * 1024

/** The name in references is not that of the server. */
const serverOf: Readonly<Record<string, string>> = { 'docker.io': 'registry-1.docker.io' }

const manifestTypes = [
  'application/vnd.oci.image.index.v1+json',
  'application/vnd.oci.image.manifest.v1+json',
  'application/vnd.docker.distribution.manifest.list.v2+json',
  'application/vnd.docker.distribution.manifest.v2+json',
]
const indexType = 'application/vnd.oci.image.index.v1+json'

const hostForm = /^(?:[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?|\[[0-9A-Fa-f:.]+\])(?::\d{1,5})?$/
/** distribution-spec, "Pulling manifests": `<name>` and `<reference>`. */
const repositoryForm = /^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*(?:\/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*$/
const tagForm = /^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$/
const maxRepositoryLength = 255
/** Of a list of tags; a repository may have more. */
export const maxTags = 10_000
const maxTagPages = 100

export class RegistryClient implements ImageSource, Disposable {
  readonly #name: string
  readonly #base: URL
  readonly #parts: Requesting & { readonly transport: HttpsTransport }
  /** Registries before distribution-spec 1.1 have no API of referrers. */
  #hasReferrersApi = true

  /** Throws a UserError if the host or the repository is not one. Contacts nobody. */
  constructor({ host, repository, credentials, clock, ...transportOptions }: RegistryOptions) {
    if (!hostForm.test(host)) throw new UserError(`"${host}" is no registry: a host name with an optional port is accepted`)
    if (repository.length > maxRepositoryLength || !repositoryForm.test(repository))
      throw new UserError(`"${repository}" is no name of a repository`)
    const server = `https://${Object.hasOwn(serverOf, host) ? serverOf[host] : host}`
    if (!URL.canParse(server)) throw new UserError(`"${host}" is no registry: its port must be at most 65535`)
    const origin = new URL(server)
    this.#name = `${host}/${repository}`
    this.#base = new URL(`/v2/${repository}/`, origin)
    const transport = new HttpsTransport({ ...transportOptions, origin })
    const authorization = new Authorization({ host, repository, transport, clock, ...(credentials === undefined ? {} : { credentials }) })
    this.#parts = { host, transport, authorization, clock }
  }

  async manifest(tagOrDigest: string, signal: AbortSignal): Promise<Manifest | undefined> {
    const what = `Manifest ${this.#name}${isDigest(tagOrDigest) ? '@' : ':'}${tagOrDigest}`
    const answer = await this.#send('GET', this.#manifestUrl(tagOrDigest), manifestTypes.join(', '), signal)
    if (answer.statusCode === 404) return void (await discard(answer))
    const { 'content-type': type, 'docker-content-digest': stated } = answer.headers
    const bytes = await wholeBody(answer, maxManifestBytes, what, signal)
    const digest = digestOf(bytes, algorithmOf(tagOrDigest))
    if (isDigest(tagOrDigest) && digest !== tagOrDigest)
      throw new RegistryUntrustworthy(`${what} has other content, whose digest is ${digest}`)
    if (typeof stated === 'string' && isDigest(stated) && digestOf(bytes, algorithmOf(stated)) !== stated)
      throw new RegistryUntrustworthy(`${what} has other content than the header Docker-Content-Digest says, ${stated}`)
    return { descriptor: { mediaType: mediaTypeOf(bytes, type, what), digest, size: bytes.length }, bytes }
  }

  /** What the registry says that a tag is now; undefined if it does not have the tag. Not verified: read the manifest of that digest. */
  async digestOfTag(tag: string, signal: AbortSignal): Promise<Digest | undefined> {
    const answer = await this.#send('HEAD', this.#manifestUrl(tag), manifestTypes.join(', '), signal)
    await discard(answer, 'HEAD')
    if (answer.statusCode === 404) return undefined
    const { 'docker-content-digest': stated } = answer.headers
    if (typeof stated !== 'string' || !isDigest(stated))
      throw new RegistryUntrustworthy(`Registry ${this.#parts.host} does not say which digest ${this.#name}:${tag} is`)
    return stated
  }

  async *blob({ digest, size }: Descriptor, signal: AbortSignal): AsyncIterable<Uint8Array> {
    const what = `Blob ${this.#name}@${digest}`
    if (!isDigest(digest)) throw new UserError(`${what}: "${digest}" is no digest`)
    const url = new URL(`blobs/${digest}`, this.#base)
    const answer = await sendToRegistry(this.#parts, { method: 'GET', url, accept: '*/*' }, signal)
    if (answer.statusCode === 404) {
      await discard(answer)
      throw new RegistryUntrustworthy(`${what} is not there`)
    }
    const hash = createHash(algorithmOf(digest))
    let read = 0
    for await (const part of readBody(answer, size, what, signal)) {
      hash.update(part)
      read += part.length
      yield part
    }
    if (read !== size) throw new RegistryUntrustworthy(`${what} has ${read} bytes, its descriptor says ${size}`)
    const found = `${algorithmOf(digest)}:${hash.digest('hex')}`
    if (found !== digest) throw new RegistryUntrustworthy(`${what} has other content, whose digest is ${found}`)
  }

  async referrers(digest: Digest, signal: AbortSignal): Promise<readonly Descriptor[]> {
    if (!isDigest(digest)) throw new UserError(`"${digest}" is no digest`)
    const listed = this.#hasReferrersApi ? await this.#listReferrers(digest, signal) : undefined
    if (listed !== undefined) return listed
    this.#hasReferrersApi = false
    const fallback = await this.manifest(digest.replace(':', '-'), signal)
    if (fallback === undefined) return []
    return readIndexEntries(fallback.bytes, `The list of referrers ${this.#name}:${digest.replace(':', '-')}`)
  }

  /** The tags of the repository, at most `maxTags`; empty if the registry does not list them. Untrusted: what a tag is, its manifest says. */
  async tags(signal: AbortSignal): Promise<readonly string[]> {
    const found: string[] = []
    const what = `The list of tags of ${this.#name}`
    let url: URL | undefined = new URL('tags/list', this.#base)
    for (let page = 1; url !== undefined && page <= maxTagPages && found.length < maxTags; page++) {
      const answer = await this.#send('GET', url, 'application/json', signal)
      if (answer.statusCode === 404) {
        await discard(answer)
        return []
      }
      const { link } = answer.headers
      found.push(...readTags(await wholeBody(answer, maxManifestBytes, what, signal), what))
      url = nextPage(typeof link === 'string' ? link : undefined, url, this.#parts.host)
    }
    return found.slice(0, maxTags)
  }

  [Symbol.dispose](): void {
    this.#parts.transport[Symbol.dispose]()
  }

  /** Undefined if the registry has no such API. */
  async #listReferrers(digest: Digest, signal: AbortSignal): Promise<Descriptor[] | undefined> {
    const found: Descriptor[] = []
    const what = `The list of referrers of ${this.#name}@${digest}`
    let url: URL | undefined = new URL(`referrers/${digest}`, this.#base)
    for (let page = 1; url !== undefined; page++) {
      if (page > maxReferrerPages) throw new RegistryUntrustworthy(`${what} has more than ${maxReferrerPages} pages`)
      const answer = await this.#send('GET', url, indexType, signal)
      const { 'content-type': type = '', link } = answer.headers
      // Registries that do not know the path may answer with a page for browsers.
      if (answer.statusCode === 404 || !type.startsWith(indexType)) return void (await discard(answer))
      found.push(...readIndexEntries(await wholeBody(answer, maxManifestBytes, what, signal), what))
      if (found.length > maxReferrers) throw new RegistryUntrustworthy(`${what} has more than ${maxReferrers} entries`)
      url = nextPage(typeof link === 'string' ? link : undefined, url, this.#parts.host)
    }
    return found
  }

  async #send(method: RepositoryRequest['method'], url: URL, accept: string, signal: AbortSignal) {
    return await sendToRegistry(this.#parts, { method, url, accept }, signal)
  }

  #manifestUrl(tagOrDigest: string): URL {
    if (!isDigest(tagOrDigest) && !tagForm.test(tagOrDigest)) throw new UserError(`"${tagOrDigest}" is neither a tag nor a digest`)
    return new URL(`manifests/${tagOrDigest}`, this.#base)
  }
}

/** Texts that are no tags are skipped. */
function readTags(bytes: Uint8Array, what: string): string[] {
  let value: unknown
  try {
    value = parseJson(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
  } catch (err) {
    throw new RegistryUntrustworthy(`${what} is not JSON`, { cause: err })
  }
  const tags = isJsonObject(value) ? value['tags'] : undefined
  return Array.isArray(tags) ? tags.filter(tag => typeof tag === 'string' && tagForm.test(tag)) : []
}

const algorithmOf = (digest: string): 'sha256' | 'sha512' => (digest.startsWith('sha512:') ? 'sha512' : 'sha256')

const digestOf = (bytes: Uint8Array, algorithm: 'sha256' | 'sha512'): Digest =>
  `${algorithm}:${createHash(algorithm).update(bytes).digest('hex')}`

/** The header and the manifest must agree: one content read as two types is an attack (image-spec, "mediaType"). */
function mediaTypeOf(bytes: Uint8Array, header: string | undefined, what: string): string {
  const stated = (header ?? '').split(';')[0]?.trim() ?? ''
  let manifest: unknown
  try {
    manifest = parseJson(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
  } catch (err) {
    throw new RegistryUntrustworthy(`${what} is not JSON`, { cause: err })
  }
  const own = isJsonObject(manifest) ? manifest['mediaType'] : undefined
  if (typeof own !== 'string') return stated
  if (own !== stated && manifestTypes.includes(stated))
    throw new RegistryUntrustworthy(`${what} is sent as "${stated}" and says it is "${own}"`)
  return own
}
