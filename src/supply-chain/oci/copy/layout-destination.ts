// Writes images into an OCI layout's folder (image-spec, image-layout.md).
import { mkdir, open, rename, rm, stat, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { codeOf } from '../../../base/user-error.ts'
import { writeJson } from '../../../base/write-json.ts'
import type { Digest } from '../digest.ts'
import type { Descriptor } from '../image-source.ts'
import { ociIndex } from '../media-types.ts'
import type { ImageDestination } from './image-destination.ts'

export interface LayoutDestination extends ImageDestination {
  /** Writes the index: until then the folder is no layout. */
  finish(): Promise<void>
}

/** `folder` must be empty. Tags become names below `repository`. */
export function layoutDestination(folder: string, repository: string): LayoutDestination {
  const listed = new Map<string, Descriptor>()
  return {
    async putBlob(descriptor, content, signal) {
      await writeBlob(folder, descriptor.digest, content(), signal)
    },
    async putManifest(descriptor, bytes, tag, signal) {
      await writeBlob(folder, descriptor.digest, once(bytes), signal)
      const { annotations: _, ...plain } = descriptor
      const named = tag === undefined ? {} : { annotations: { 'org.opencontainers.image.ref.name': `${repository}:${tag}` } }
      // Each is listed, so that those that have a subject are found.
      if (tag !== undefined) listed.delete(descriptor.digest)
      const key = tag === undefined ? descriptor.digest : `${descriptor.digest} ${tag}`
      const isNamed = [...listed.keys()].some(known => known.startsWith(`${descriptor.digest} `))
      if (tag !== undefined || !isNamed) listed.set(key, { ...plain, ...named })
    },
    async finish() {
      const index = { schemaVersion: 2, mediaType: ociIndex, manifests: [...listed.values()] }
      await writeFile(join(folder, 'index.json'), writeJson(index))
      await writeFile(join(folder, 'oci-layout'), writeJson({ imageLayoutVersion: '1.0.0' }))
    },
  }
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes
}

/** Complete or not at all. */
async function writeBlob(folder: string, digest: Digest, content: AsyncIterable<Uint8Array>, signal: AbortSignal): Promise<void> {
  // A digest is an algorithm and hex digits: it leads nowhere else.
  const path = join(folder, 'blobs', digest.replace(':', '/'))
  if (await isThere(path)) return
  await mkdir(dirname(path), { recursive: true })
  const draft = `${path}.new`
  try {
    await using handle = await open(draft, 'w', 0o644)
    for await (const piece of content) {
      signal.throwIfAborted()
      await handle.writeFile(piece)
    }
  } catch (err) {
    await rm(draft, { force: true })
    throw err
  }
  await rename(draft, path)
}

async function isThere(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isFile()
  } catch (err) {
    if (codeOf(err) === 'ENOENT') return false
    throw err
  }
}
