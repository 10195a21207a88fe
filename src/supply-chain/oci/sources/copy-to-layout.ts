// Copies one image from any source into an OCI layout's folder, so that a process without network can read it.
import { mkdir, open, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { UserError } from '../../../base/user-error.ts'
import { writeJson } from '../../../base/write-json.ts'
import type { Digest } from '../digest.ts'
import type { Descriptor, ImageSource } from '../image-source.ts'
import { maxManifestBytes } from '../manifest.ts'
import { ociIndex } from '../media-types.ts'
import type { ResolvedImage } from '../resolve-image.ts'
import { readVerified, verifiedContent } from '../verified-content.ts'

/** Compressed bytes of all layers. */
export const maxCopiedBytes = 32 * 1024 ** 3

/**
 * Writes the manifest, the configuration and the layers of a resolved image into the folder, which must be empty. Each blob is verified while it is
 * written. `name` is its name in the layout. Rejects with a UserError if the source has other content, or the image is larger than `maxBytes`.
 */
export async function copyToLayout(
  source: ImageSource,
  { descriptor, manifest }: ResolvedImage,
  name: string,
  folder: string,
  signal: AbortSignal,
  maxBytes = maxCopiedBytes,
): Promise<void> {
  const blobs = new Map<Digest, Descriptor>([manifest.config, ...manifest.layers].map(blob => [blob.digest, blob]))
  const bytes = [...blobs.values()].reduce((total, { size }) => total + size, 0)
  if (bytes > maxBytes) throw new UserError(`Image "${name}" has ${bytes} bytes, at most ${maxBytes} are copied`)
  const found = await source.manifest(descriptor.digest, signal)
  if (found === undefined) throw new UserError(`Image "${name}": "${descriptor.digest}" is not there`)
  await writeBlob(folder, descriptor.digest, [await readVerified(descriptor, once(found.bytes), maxManifestBytes)], signal)
  for (const blob of blobs.values()) await writeBlob(folder, blob.digest, verifiedContent(blob, source.blob(blob, signal)), signal)
  const annotations = { 'org.opencontainers.image.ref.name': name }
  // The manifest says its media type itself only if it wants to.
  const entry = { ...descriptor, mediaType: descriptor.mediaType || manifest.mediaType, annotations }
  await writeFile(join(folder, 'index.json'), writeJson({ schemaVersion: 2, mediaType: ociIndex, manifests: [entry] }), { signal })
  await writeFile(join(folder, 'oci-layout'), writeJson({ imageLayoutVersion: '1.0.0' }), { signal })
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes
}

async function writeBlob(
  folder: string,
  digest: Digest,
  content: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  signal: AbortSignal,
): Promise<void> {
  // A digest is an algorithm and hex digits: it leads nowhere else.
  const path = join(folder, 'blobs', digest.replace(':', '/'))
  await mkdir(dirname(path), { recursive: true })
  await using handle = await open(path, 'wx', 0o600)
  for await (const piece of content) {
    signal.throwIfAborted()
    await handle.writeFile(piece)
  }
}
