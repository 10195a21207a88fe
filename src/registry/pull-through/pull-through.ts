// Images of other registries in the cluster's own: what is not kept is fetched, verified against its digest, and kept. Where the other registry does not
// answer, what is kept counts.
import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { registryName } from '../../api/registry-mirrors.ts'
import { parseRepositoryName } from '../../api/repository-name.ts'
import type { Clock } from '../../base/clock.ts'
import type { Logger } from '../../base/log.ts'
import { codeOf, messageOf, UserError } from '../../base/user-error.ts'
import { writeJson } from '../../base/write-json.ts'
import type { FollowedMirrors } from '../../client/followed-mirrors.ts'
import { type Digest, isDigest } from '../../supply-chain/oci/digest.ts'
import type { Descriptor, ImageSource, Manifest } from '../../supply-chain/oci/image-source.ts'
import { type ImageIndex, type ImageManifest, parseManifest } from '../../supply-chain/oci/manifest.ts'
import { ociIndex } from '../../supply-chain/oci/media-types.ts'
import { RegistryDenied, RegistryUnavailable } from '../../supply-chain/oci/registry/registry-error.ts'
import { RegistryFault } from '../registry-fault.ts'
import { begun, follow, type KeptContent } from './kept-content.ts'
import type { KnownManifest, KnownNames } from './known-names.ts'

export interface OtherRegistries {
  /** `repository` of `registry`, at its mirrors or itself. */
  open(registry: string, repository: string): ImageSource
  tags(registry: string, repository: string, signal: AbortSignal): Promise<readonly string[]>
}

export interface PullThroughParts {
  readonly mirrors: Pick<FollowedMirrors, 'all'>
  readonly registries: OtherRegistries
  readonly content: KeptContent
  readonly names: KnownNames
  readonly clock: Clock
  readonly log: Logger
}

export interface OtherRepository {
  /** `docker.io`, `library/nginx`. */
  readonly registry: string
  readonly path: string
  /** In the cluster's registry. */
  readonly repository: string
}

export interface ServedManifest {
  readonly digest: string
  readonly mediaType: string
  readonly bytes: Uint8Array
}

/** A tag that was resolved is not resolved again for this long, and a list of referrers not read again. */
export const tagMs = 60_000
/** For a manifest or a list. */
const answerMs = 30_000
const blobMs = 3_600_000
/** Fetched at once, for all clients. */
export const maxFetches = 16
/** What cosign attaches is fetched with an image, so that it is there when the other registry is not. */
const attachedSuffixes = ['sig', 'att', 'sbom'] as const
/** Of an image; there may be more, which are fetched when they are requested. */
const maxAttached = 20
/** Larger content that is attached is fetched when it is requested. */
const maxAttachedBytes = 4 * 1024 * 1024

export class PullThrough {
  readonly #parts: PullThroughParts
  /** Blobs of manifests that were served, by repository and digest. */
  readonly #blobs = new Map<string, Descriptor>()
  /** What is fetched behind answers. */
  readonly #behind = new Set<Promise<void>>()
  #fetches = 0

  constructor(parts: PullThroughParts) {
    this.#parts = parts
  }

  /** Undefined if the repository is none of another registry. */
  repositoryOf(repository: string): OtherRepository | undefined {
    const { namespace, name: path = '' } = parseRepositoryName(repository) ?? {}
    for (const [registry, { pullThrough }] of this.#parts.mirrors.all())
      if (pullThrough !== undefined && pullThrough === namespace) return { registry: registryName(registry), path, repository }
    return undefined
  }

  /** Undefined if the other registry does not have it. Rejects with a RegistryFault. */
  async manifest(other: OtherRepository, reference: string, signal: AbortSignal): Promise<ServedManifest | undefined> {
    const { names, clock } = this.#parts
    const known = names.get(other.repository, reference)
    const isCurrent = known !== undefined && (isDigest(reference) || clock.now() - known.seen < tagMs)
    const kept = known && (await this.#kept(known))
    if (isCurrent && kept !== undefined) return this.#served(other, kept)
    let found: Manifest | undefined
    try {
      found = await this.#source(other).manifest(reference, AbortSignal.any([signal, AbortSignal.timeout(answerMs)]))
    } catch (err) {
      if (kept !== undefined && isAway(err)) return this.#served(other, kept)
      throw faultOf(err, signal)
    }
    if (found === undefined) {
      if (known !== undefined) await names.delete(known)
      return undefined
    }
    await this.#keep(other, reference, found)
    const attached = this.#keepAttached(other, found).finally(() => this.#behind.delete(attached))
    this.#behind.add(attached)
    return this.#served(other, { digest: found.descriptor.digest, mediaType: found.descriptor.mediaType, bytes: found.bytes })
  }

  /** Undefined if no manifest of the repository that was served names it. */
  blob(other: OtherRepository, digest: string): Descriptor | undefined {
    return this.#blobs.get(`${other.repository}@${digest}`)
  }

  /** The content as it arrives. Rejects with a RegistryFault before the first byte, or with another error. */
  async content(
    other: OtherRepository,
    descriptor: Descriptor,
    signal: AbortSignal,
  ): Promise<{ readonly file: string } | { readonly pieces: AsyncIterable<Uint8Array> }> {
    const { content } = this.#parts
    const file = content.path(descriptor.digest)
    if (file !== undefined) return { file }
    const running = content.growing(descriptor.digest)
    signal.throwIfAborted()
    try {
      const growing = running ?? (await this.#fetch(other, descriptor)).growing
      await begun(growing)
      return { pieces: follow(growing) }
    } catch (err) {
      throw faultOf(err, signal)
    }
  }

  /** The list of what is attached, as an index. */
  async referrers(other: OtherRepository, digest: Digest, signal: AbortSignal): Promise<Uint8Array> {
    const { names, clock } = this.#parts
    const reference = `referrers/${digest}`
    const known = names.get(other.repository, reference)
    const kept = known && (await this.#kept(known))
    if (known !== undefined && kept !== undefined && clock.now() - known.seen < tagMs) return kept.bytes
    try {
      const found = await this.#source(other).referrers(digest, AbortSignal.any([signal, AbortSignal.timeout(answerMs)]))
      const bytes = Buffer.from(writeJson({ schemaVersion: 2, mediaType: ociIndex, manifests: found }))
      await this.#keepBytes(other, reference, {
        digest: `sha256:${createHash('sha256').update(bytes).digest('hex')}`,
        mediaType: ociIndex,
        bytes,
      })
      return bytes
    } catch (err) {
      if (kept !== undefined && isAway(err)) return kept.bytes
      throw faultOf(err, signal)
    }
  }

  async tags({ registry, path }: OtherRepository, signal: AbortSignal): Promise<readonly string[]> {
    try {
      return await this.#parts.registries.tags(registry, path, AbortSignal.any([signal, AbortSignal.timeout(answerMs)]))
    } catch (err) {
      throw faultOf(err, signal)
    }
  }

  /** Resolves when nothing is fetched behind answers. */
  async settled(): Promise<void> {
    await Promise.all(this.#behind)
  }

  #source({ registry, path }: OtherRepository): ImageSource {
    return this.#parts.registries.open(registry, path)
  }

  async #kept({ digest, mediaType }: KnownManifest): Promise<ServedManifest | undefined> {
    const path = this.#parts.content.path(digest)
    if (path === undefined) return undefined
    const bytes = await readFile(path).catch((err: unknown) => {
      if (codeOf(err) === 'ENOENT') return undefined
      throw err
    })
    return bytes && { digest, mediaType, bytes }
  }

  async #keep(other: OtherRepository, reference: string, { descriptor, bytes }: Manifest): Promise<void> {
    const { digest, mediaType } = descriptor
    for (const name of new Set([reference, digest])) await this.#keepBytes(other, name, { digest, mediaType, bytes })
  }

  async #keepBytes({ repository }: OtherRepository, reference: string, { digest, mediaType, bytes }: ServedManifest): Promise<void> {
    const { content, names, clock, log } = this.#parts
    try {
      if (content.path(digest) === undefined && content.growing(digest) === undefined) {
        const { growing, finished } = await content.fetch(digest, bytes.length, once(bytes))
        await finished
        if (growing.end instanceof Error) throw growing.end
      }
      await names.set({ repository, reference, digest, mediaType, seen: clock.now() })
    } catch (err) {
      // Such as a full disk: the client gets it nevertheless.
      log.error('an image of another registry is not kept', { repository, err: messageOf(err) })
    }
  }

  /** Notes what the manifest names, which may be requested from now on. */
  #served(other: OtherRepository, served: ServedManifest): ServedManifest {
    for (const descriptor of blobsOf(parsed(served))) {
      const key = `${other.repository}@${descriptor.digest}`
      this.#blobs.delete(key)
      this.#blobs.set(key, descriptor)
    }
    for (const key of this.#blobs.keys()) {
      if (this.#blobs.size <= maxBlobs) break
      this.#blobs.delete(key)
    }
    return served
  }

  async #fetch(other: OtherRepository, descriptor: Descriptor) {
    if (this.#fetches >= maxFetches)
      throw new RegistryFault('TOOMANYREQUESTS', `${maxFetches} blobs of other registries are being fetched, which is the limit`)
    this.#fetches++
    try {
      const pieces = this.#source(other).blob(descriptor, AbortSignal.timeout(blobMs))
      const fetched = await this.#parts.content.fetch(descriptor.digest, descriptor.size, pieces)
      void fetched.finished
        .catch((err: unknown) => this.#parts.log.error('old content of other registries is not removed', { err }))
        .finally(() => this.#fetches--)
      return fetched
    } catch (err) {
      this.#fetches--
      throw err
    }
  }

  /** Signatures and bills of materials, while the other registry answers. */
  async #keepAttached(other: OtherRepository, { descriptor, bytes }: Manifest): Promise<void> {
    const { log, names } = this.#parts
    const { digest, mediaType } = descriptor
    try {
      const signal = AbortSignal.timeout(answerMs)
      if (parsed({ digest, mediaType, bytes })?.subject !== undefined || names.get(other.repository, `referrers/${digest}`) !== undefined)
        return
      await this.referrers(other, digest, signal)
      const source = this.#source(other)
      const listed = await source.referrers(digest, signal)
      const name = digest.replace(':', '-')
      const wanted = [...listed.map(referrer => referrer.digest), ...attachedSuffixes.map(suffix => `${name}.${suffix}`)]
      for (const reference of wanted.slice(0, maxAttached + attachedSuffixes.length)) {
        const found = await source.manifest(reference, signal)
        if (found === undefined) continue
        await this.#keep(other, reference, found)
        const { digest: own, mediaType: type } = found.descriptor
        for (const blob of blobsOf(parsed({ digest: own, mediaType: type, bytes: found.bytes })))
          if (blob.size <= maxAttachedBytes && this.#parts.content.path(blob.digest) === undefined)
            await (await this.#fetch(other, blob)).finished
      }
    } catch (err) {
      log.info('what is attached to an image of another registry is not kept yet', { repository: other.repository, err: messageOf(err) })
    }
  }
}

const maxBlobs = 200_000

async function* once(bytes: Uint8Array): AsyncIterable<Uint8Array> {
  yield bytes
}

function parsed({ digest, mediaType, bytes }: ServedManifest): ImageManifest | ImageIndex | undefined {
  try {
    return parseManifest(bytes, mediaType === '' ? undefined : mediaType, `"${digest}"`)
  } catch (err) {
    // Such as one of schema 1: it names no content that could be fetched.
    if (err instanceof UserError) return undefined
    throw err
  }
}

const blobsOf = (manifest: ImageManifest | ImageIndex | undefined): readonly Descriptor[] =>
  manifest?.kind === 'manifest' ? [manifest.config, ...manifest.layers] : []

/** It said nothing about the image, so what is kept is as good as before. */
const isAway = (err: unknown): boolean => err instanceof RegistryUnavailable || (err instanceof Error && err.name === 'TimeoutError')

function faultOf(err: unknown, signal: AbortSignal): unknown {
  signal.throwIfAborted()
  if (err instanceof RegistryFault) return err
  if (err instanceof RegistryDenied) return new RegistryFault('DENIED', err.message, { cause: err })
  if (err instanceof UserError) return new RegistryFault('UNAVAILABLE', err.message, { cause: err })
  return isAway(err) ? new RegistryFault('UNAVAILABLE', 'The other registry does not answer in time', { cause: err }) : err
}
