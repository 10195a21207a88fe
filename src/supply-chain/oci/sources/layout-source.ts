// An ImageSource over an OCI layout (image-spec, image-layout.md).
import { isJsonObject } from '../../../base/json.ts'
import { messageOf, UserError } from '../../../base/user-error.ts'
import { parseBoundedJson } from '../bounded-json.ts'
import { type Digest, isDigest } from '../digest.ts'
import type { Descriptor, Manifest } from '../image-source.ts'
import { maxManifestBytes, parseManifest } from '../manifest.ts'
import { isIndexType, isManifestType, ociIndex } from '../media-types.ts'
import { readVerified, verifiedContent } from '../verified-content.ts'
import { type LayoutFiles, readSmallFile } from './layout-files.ts'
import type { LocalImage, LocalImages } from './local-images.ts'

const nameAnnotations = ['io.containerd.image.name', 'org.opencontainers.image.ref.name']
/** Manifests of the index that are read to find those that have a subject. */
const maxReferrersRead = 2000

/** Undefined if the files are no OCI layout. Rejects with a UserError if they are a malformed one. */
export async function layoutSource(files: LayoutFiles, signal: AbortSignal): Promise<LocalImages | undefined> {
  const small = async (path: string, maxBytes: number) => {
    try {
      return await readSmallFile(files, path, maxBytes, signal)
    } catch (err) {
      if (err instanceof UserError) throw err
      throw new UserError(`Cannot read ${files.name}: ${messageOf(err)}`, { cause: err })
    }
  }
  const marker = await small('oci-layout', 4096)
  if (marker === undefined) return undefined
  const version = parseBoundedJson(marker, 4096, `"oci-layout" of ${files.name}`)
  if (!isJsonObject(version) || version['imageLayoutVersion'] !== '1.0.0')
    throw new UserError(`"oci-layout" of ${files.name}: imageLayoutVersion must be "1.0.0"`)
  const bytes = await small('index.json', maxManifestBytes)
  if (bytes === undefined) throw new UserError(`${files.name} has no "index.json"`)
  const index = parseManifest(bytes, ociIndex, `"index.json" of ${files.name}`)
  const manifests = index.kind === 'index' ? index.manifests : []

  async function* blob(descriptor: Descriptor, blobSignal: AbortSignal): AsyncGenerator<Uint8Array> {
    const file = await files.file(blobPath(descriptor.digest))
    if (file === undefined) throw new UserError(`${files.name} has no content "${descriptor.digest}"`)
    yield* verifiedContent(descriptor, file.content(blobSignal))
  }

  async function read(descriptor: Descriptor, readSignal: AbortSignal): Promise<Manifest> {
    return { descriptor, bytes: await readVerified(descriptor, blob(descriptor, readSignal), maxManifestBytes) }
  }

  return {
    images: manifests.filter(isImage).map(descriptor => ({ names: namesOf(descriptor), descriptor })),
    async manifest(tagOrDigest, readSignal) {
      const listed = manifests.find(each => each.digest === tagOrDigest || namesOf(each).some(name => isTagOf(name, tagOrDigest)))
      if (listed !== undefined) return await read(listed, readSignal)
      if (!isDigest(tagOrDigest)) return undefined
      const file = await files.file(blobPath(tagOrDigest))
      // What it is, its own text says.
      return file === undefined ? undefined : await read({ mediaType: '', digest: tagOrDigest, size: file.size }, readSignal)
    },
    blob,
    async referrers(digest, readSignal) {
      const found: Descriptor[] = []
      for (const descriptor of manifests.filter(isImage).slice(0, maxReferrersRead)) {
        if (descriptor.size > maxManifestBytes) continue
        const { bytes: content } = await read(descriptor, readSignal)
        const { subject, artifactType, annotations } = parseManifest(
          content,
          descriptor.mediaType,
          `"${descriptor.digest}" of ${files.name}`,
        )
        if (subject?.digest !== digest) continue
        found.push({
          ...descriptor,
          ...(artifactType === undefined ? {} : { artifactType }),
          annotations: { ...annotations, ...descriptor.annotations },
        })
      }
      return found
    },
  }
}

const isImage = ({ mediaType }: Descriptor): boolean => isManifestType(mediaType) || isIndexType(mediaType)

const blobPath = (digest: Digest): string => `blobs/${digest.replace(':', '/')}`

function namesOf({ annotations = {} }: Descriptor): LocalImage['names'] {
  return nameAnnotations.flatMap(key => {
    const name = Object.hasOwn(annotations, key) ? annotations[key] : undefined
    return name === undefined || name === '' ? [] : [name]
  })
}

/** A name is a tag alone, or ends with one. */
const isTagOf = (name: string, tag: string): boolean => name === tag || name.endsWith(`:${tag}`)
