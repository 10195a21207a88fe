// An image source in memory, for tests: what is put into it has the right digest unless a test changes it.
import type { Digest } from './digest.ts'
import type { Descriptor, ImageSource, Manifest } from './image-source.ts'
import { ociManifest } from './media-types.ts'
import { sha256Of, verifiedContent } from './verified-content.ts'

const emptyConfig = Buffer.from('{}')

export interface ArtifactOptions {
  readonly artifactType?: string
  readonly annotations?: Readonly<Record<string, string>>
}

export class MemoryImageSource implements ImageSource {
  readonly #manifests = new Map<string, Manifest>()
  readonly #blobs = new Map<Digest, Uint8Array>()
  readonly #referrers = new Map<Digest, Descriptor[]>()
  /** How often each blob was read. */
  readonly reads = new Map<Digest, number>()

  putBlob(bytes: Uint8Array, mediaType: string, annotations?: Readonly<Record<string, string>>): Descriptor {
    const digest = sha256Of(bytes)
    this.#blobs.set(digest, bytes)
    return { mediaType, digest, size: bytes.length, ...(annotations === undefined ? {} : { annotations }) }
  }

  /** From now on other bytes come than the digest names. */
  replaceBlob(digest: Digest, served: Uint8Array): void {
    this.#blobs.set(digest, served)
  }

  /** Also below `tag`, if there is one. */
  putManifest(layers: readonly Descriptor[], tag?: string, configuration: Uint8Array = emptyConfig): Descriptor {
    const config = this.putBlob(configuration, 'application/vnd.oci.image.config.v1+json')
    return this.#put({ schemaVersion: 2, mediaType: ociManifest, config, layers }, tag)
  }

  /** A manifest whose subject is `subject`, listed among its referrers. */
  putReferrer(subject: Digest, layers: readonly Descriptor[], { artifactType, annotations }: ArtifactOptions = {}): Descriptor {
    const config = this.putBlob(emptyConfig, 'application/vnd.oci.empty.v1+json')
    const named = { mediaType: ociManifest, digest: subject, size: 1 }
    const descriptor = this.#put({ schemaVersion: 2, mediaType: ociManifest, artifactType, config, layers, subject: named })
    const listed = {
      ...descriptor,
      ...(artifactType === undefined ? {} : { artifactType }),
      ...(annotations === undefined ? {} : { annotations }),
    }
    this.#referrers.set(subject, [...(this.#referrers.get(subject) ?? []), listed])
    return listed
  }

  #put(content: object, tag?: string): Descriptor {
    const bytes = Buffer.from(JSON.stringify(content))
    const descriptor = { mediaType: ociManifest, digest: sha256Of(bytes), size: bytes.length }
    this.#manifests.set(descriptor.digest, { descriptor, bytes })
    if (tag !== undefined) this.#manifests.set(tag, { descriptor, bytes })
    return descriptor
  }

  async manifest(tagOrDigest: string): Promise<Manifest | undefined> {
    return this.#manifests.get(tagOrDigest)
  }

  async *blob(wanted: Descriptor): AsyncIterable<Uint8Array> {
    const { digest } = wanted
    this.reads.set(digest, (this.reads.get(digest) ?? 0) + 1)
    const bytes = this.#blobs.get(digest)
    if (bytes === undefined) throw new Error(`no blob ${digest}`)
    yield* verifiedContent(wanted, pieces(bytes))
  }

  async referrers(digest: Digest): Promise<readonly Descriptor[]> {
    return this.#referrers.get(digest) ?? []
  }
}

/** Of sizes that fit no block. */
async function* pieces(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += 65_521) yield bytes.subarray(at, at + 65_521)
}
