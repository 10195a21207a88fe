// Readable images in memory, made of layers, for tests.
import { type ImageConfig, parseImageConfig } from './image-config.ts'
import type { ImageSource } from './image-source.ts'
import { MemoryImageSource } from './memory-image-source.testing.ts'
import { type ReadableImage, readableImage, resolveImage } from './resolve-image.ts'
import { sha256Of } from './verified-content.ts'

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
  const source = new MemoryImageSource()
  const all = layers.map(layer => (Buffer.isBuffer(layer) ? { tar: layer } : layer))
  const platform = { os: 'linux', architecture: 'amd64' }
  const config = Buffer.from(JSON.stringify({ ...platform, rootfs: { type: 'layers', diff_ids: all.map(({ tar }) => sha256Of(tar)) } }))
  const descriptors = all.map(({ tar, packed = tar, served = packed }) => {
    const descriptor = source.putBlob(packed, 'application/vnd.oci.image.layer.v1.tar')
    source.replaceBlob(descriptor.digest, served)
    return descriptor
  })
  const { digest } = source.putManifest(descriptors, undefined, config)
  const { signal } = new AbortController()
  const image = await readableImage(source, await resolveImage(source, digest, platform, 'test', signal), 'test', signal)
  return { source, image, config: parseImageConfig(config, 'test') }
}
