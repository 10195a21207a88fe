// Images in memory, for tests.
import { type ImageConfig, parseImageConfig } from './image-config.ts'
import type { Descriptor, ImageSource } from './image-source.ts'
import { ociManifest } from './media-types.ts'
import { type ReadableImage, readableImage, resolveImage } from './resolve-image.ts'
import { sha256Of, verifiedContent } from './verified-content.ts'

export interface TestLayer {
  readonly tar: Buffer
  /** What the manifest names; default: the tar. */
  readonly packed?: Buffer
  /** What the source returns; default: `packed`. */
  readonly served?: Buffer
}

/** Lowest layer first. */
export async function imageOf(
  layers: readonly (Buffer | TestLayer)[],
): Promise<{ source: ImageSource; image: ReadableImage; config: ImageConfig }> {
  const blobs = new Map<string, Buffer>()
  const add = (bytes: Buffer, mediaType: string, served = bytes): Descriptor => {
    const digest = sha256Of(bytes)
    blobs.set(digest, served)
    return { mediaType, digest, size: bytes.length }
  }
  const all = layers.map(layer => (Buffer.isBuffer(layer) ? { tar: layer } : layer))
  const config = Buffer.from(
    JSON.stringify({ os: 'linux', architecture: 'amd64', rootfs: { type: 'layers', diff_ids: all.map(({ tar }) => sha256Of(tar)) } }),
  )
  const descriptors = all.map(({ tar, packed = tar, served = packed }) => add(packed, 'application/vnd.oci.image.layer.v1.tar', served))
  const manifest = Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: ociManifest,
      config: add(config, 'application/vnd.oci.image.config.v1+json'),
      layers: descriptors,
    }),
  )
  const descriptor = add(manifest, ociManifest)
  const source: ImageSource = {
    manifest: async name => (name === descriptor.digest ? { descriptor, bytes: manifest } : undefined),
    async *blob(wanted) {
      const bytes = blobs.get(wanted.digest) ?? Buffer.alloc(0)
      yield* verifiedContent(wanted, pieces(bytes))
    },
    referrers: async () => [],
  }
  const { signal } = new AbortController()
  const platform = { os: 'linux', architecture: 'amd64' }
  const image = await readableImage(source, await resolveImage(source, descriptor.digest, platform, 'test', signal), 'test', signal)
  return { source, image, config: parseImageConfig(config, 'test') }
}

/** Of sizes that fit no block. */
async function* pieces(bytes: Buffer): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length; at += 65_521) yield bytes.subarray(at, at + 65_521)
}
