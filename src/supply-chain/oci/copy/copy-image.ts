// Copies an image with all its platforms, and everything that names it as its subject: signatures, attestations, bills of materials.
import { UserError } from '../../../base/user-error.ts'
import type { Digest } from '../digest.ts'
import type { Descriptor, ImageSource, Manifest } from '../image-source.ts'
import { parseManifest } from '../manifest.ts'
import type { ImageDestination } from './image-destination.ts'

/** Of an image with its platforms and what is attached to each. */
export const maxCopiedManifests = 2000
export const maxCopiedBytes = 256 * 1024 ** 3
/** Of a chain of attachments: a signature of a bill of materials of an image. */
const maxDepth = 8

export interface Copied {
  readonly digest: Digest
  /** Signatures, attestations and others that were attached. */
  readonly attached: number
  readonly manifests: number
  readonly bytes: number
}

/** cosign's names for what it attaches without a subject. */
const attachedSuffixes = ['sig', 'att', 'sbom'] as const

/** Copies what `tagOrDigest` is now; `tag` is its name at the destination, `name` that of the source for messages. Rejects with a UserError for what is not there, changed, or too much. */
export async function copyImage(
  source: ImageSource,
  tagOrDigest: string,
  destination: ImageDestination,
  tag: string | undefined,
  signal: AbortSignal,
  name = 'the source',
): Promise<Copied> {
  const copy = new Copy(source, destination, signal)
  const found = await source.manifest(tagOrDigest, signal)
  if (found === undefined) throw new UserError(`There is no image "${tagOrDigest}" in ${name}`)
  await copy.manifest(found, tag, 0)
  return { digest: found.descriptor.digest, attached: copy.attached, manifests: copy.manifests, bytes: copy.bytes }
}

class Copy {
  readonly #source: ImageSource
  readonly #destination: ImageDestination
  readonly #signal: AbortSignal
  readonly #done = new Set<Digest>()
  manifests = 0
  bytes = 0
  attached = 0

  constructor(source: ImageSource, destination: ImageDestination, signal: AbortSignal) {
    this.#source = source
    this.#destination = destination
    this.#signal = signal
  }

  /** Children first: a registry refuses a manifest whose content it does not have. Then what is attached. */
  async manifest({ descriptor, bytes }: Manifest, tag: string | undefined, depth: number): Promise<void> {
    const { digest } = descriptor
    if (this.#done.has(digest) && tag === undefined) return
    if (depth > maxDepth) throw new UserError(`"${digest}": more than ${maxDepth} manifests are attached to each other`)
    if (++this.manifests > maxCopiedManifests) throw new UserError(`The image has more than ${maxCopiedManifests} manifests`)
    const parsed = parseManifest(bytes, descriptor.mediaType || undefined, `"${digest}"`)
    if (!this.#done.has(digest)) {
      if (parsed.kind === 'index') for (const child of parsed.manifests) await this.#child(child, depth)
      else for (const blob of [parsed.config, ...parsed.layers]) await this.#blob(blob)
    }
    this.#done.add(digest)
    await this.#destination.putManifest({ ...descriptor, mediaType: parsed.mediaType, size: bytes.length }, bytes, tag, this.#signal)
    await this.#attached(digest, depth)
  }

  async #child(descriptor: Descriptor, depth: number): Promise<void> {
    const child = await this.#source.manifest(descriptor.digest, this.#signal)
    if (child === undefined) throw new UserError(`The index names "${descriptor.digest}", which is not there`)
    await this.manifest({ ...child, descriptor: { ...descriptor, size: child.bytes.length } }, undefined, depth + 1)
  }

  async #blob(descriptor: Descriptor): Promise<void> {
    if (this.#done.has(descriptor.digest)) return
    this.#done.add(descriptor.digest)
    this.bytes += descriptor.size
    if (this.bytes > maxCopiedBytes) throw new UserError(`The image has more than ${maxCopiedBytes} bytes`)
    await this.#destination.putBlob(descriptor, () => this.#source.blob(descriptor, this.#signal), this.#signal)
  }

  /** By the manifests' subject, by the tag that stands in for the API of referrers, and by cosign's tags. */
  async #attached(digest: Digest, depth: number): Promise<void> {
    for (const { digest: referrer } of await this.#source.referrers(digest, this.#signal)) {
      if (this.#done.has(referrer)) continue
      const found = await this.#source.manifest(referrer, this.#signal)
      if (found === undefined) continue
      this.attached++
      await this.manifest(found, undefined, depth + 1)
    }
    const name = digest.replace(':', '-')
    for (const tag of [name, ...attachedSuffixes.map(suffix => `${name}.${suffix}`)]) {
      const found = await this.#source.manifest(tag, this.#signal)
      if (found === undefined) continue
      if (tag !== name) this.attached++
      await this.manifest(found, tag, depth + 1)
    }
  }
}
