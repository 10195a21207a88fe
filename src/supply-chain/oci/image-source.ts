// Where images are read from: an OCI layout on disk, an archive, a registry. Every reader verifies what it returns against its digest, so
// the parts that verify, scan or run an image need not trust the source.
import type { Digest } from './digest.ts'

/** An OCI descriptor (image-spec, descriptor.md). */
export interface Descriptor {
  readonly mediaType: string
  readonly digest: Digest
  /** Bytes. */
  readonly size: number
  readonly artifactType?: string
  readonly annotations?: Readonly<Record<string, string>>
  readonly platform?: Platform
}

export interface Platform {
  readonly os: string
  readonly architecture: string
  readonly variant?: string
}

/** A manifest or an index whose bytes have the descriptor's digest and size. */
export interface Manifest {
  readonly descriptor: Descriptor
  readonly bytes: Uint8Array
}

export interface ImageSource {
  /**
   * The manifest or index of a tag or digest, without its repository; undefined if the source does not have it. Rejects with a UserError if the
   * source does not answer, or answers other content than the digest names.
   */
  manifest(tagOrDigest: string, signal: AbortSignal): Promise<Manifest | undefined>
  /** The content of a blob. Rejects at the end, or before, if it is not what the descriptor names. */
  blob(descriptor: Descriptor, signal: AbortSignal): AsyncIterable<Uint8Array>
  /** Manifests that name this one as their subject (signatures, SBOMs, provenance): from the referrers API, or from its fallback tag. */
  referrers(digest: Digest, signal: AbortSignal): Promise<readonly Descriptor[]>
}
