// An ImageSource over what "docker save" writes (manifest.json). It has no manifests: one is made, whose digest is that of no registry.

import { createHash } from 'node:crypto'
import { isJsonObject, isTexts } from '../../../base/json.ts'
import { messageOf, UserError } from '../../../base/user-error.ts'
import { writeJson } from '../../../base/write-json.ts'
import { parseBoundedJson } from '../bounded-json.ts'
import type { Digest } from '../digest.ts'
import { maxConfigBytes, parseImageConfig } from '../image-config.ts'
import type { Descriptor, Manifest } from '../image-source.ts'
import { compressionOf } from '../layers/decompressed.ts'
import { imagePath } from '../layers/image-path.ts'
import { maxManifestBytes } from '../manifest.ts'
import { ociManifest } from '../media-types.ts'
import { sha256Of, verifiedContent } from '../verified-content.ts'
import { type LayoutFile, type LayoutFiles, readSmallFile } from './layout-files.ts'
import type { LocalImage, LocalImages } from './local-images.ts'

const maxImages = 1000

/** Undefined if the files are no archive of Docker. Rejects with a UserError if they are a malformed one. */
export async function dockerArchiveSource(files: LayoutFiles, signal: AbortSignal): Promise<LocalImages | undefined> {
  const where = `"manifest.json" of ${files.name}`
  const small = async (path: string, maxBytes: number) => {
    try {
      return await readSmallFile(files, path, maxBytes, signal)
    } catch (err) {
      if (err instanceof UserError) throw err
      throw new UserError(`Cannot read ${files.name}: ${messageOf(err)}`, { cause: err })
    }
  }
  const bytes = await small('manifest.json', maxManifestBytes)
  if (bytes === undefined) return undefined
  const list = parseBoundedJson(bytes, maxManifestBytes, where)
  if (!Array.isArray(list) || list.length > maxImages) throw new UserError(`${where} must be a list of at most ${maxImages} images`)
  const blobs = new Map<Digest, LayoutFile>()
  const manifests: Manifest[] = []
  const images: LocalImage[] = []
  for (const [at, image] of list.entries()) {
    const config = isJsonObject(image) ? image['Config'] : undefined
    const layers = isJsonObject(image) ? image['Layers'] : undefined
    const tags = isJsonObject(image) ? (image['RepoTags'] ?? []) : undefined
    if (typeof config !== 'string' || !isTexts(layers) || !isTexts(tags))
      throw new UserError(`${where}: [${at}] must have Config, Layers and RepoTags`)
    const configBytes = await small(imagePath(config), maxConfigBytes)
    if (configBytes === undefined) throw new UserError(`${where}: [${at}].Config "${config}" is not in the archive`)
    const { diffIds } = parseImageConfig(configBytes, `"${config}" of ${files.name}`)
    if (diffIds.length !== layers.length)
      throw new UserError(`${where}: [${at}] has ${layers.length} layers, but its configuration names ${diffIds.length}`)
    const descriptors: Descriptor[] = []
    for (const [number, diffId] of diffIds.entries()) {
      const path = layers[number] ?? ''
      const file = await files.file(imagePath(path))
      if (file === undefined) throw new UserError(`${where}: [${at}].Layers "${path}" is not in the archive`)
      const layer = await layerDescriptor(file, diffId, signal)
      blobs.set(layer.digest, file)
      descriptors.push(layer)
    }
    const configDigest = sha256Of(configBytes)
    blobs.set(configDigest, memoryFile(configBytes))
    const manifest = Buffer.from(
      writeJson({
        schemaVersion: 2,
        mediaType: ociManifest,
        config: { mediaType: 'application/vnd.oci.image.config.v1+json', digest: configDigest, size: configBytes.length },
        layers: descriptors,
      }),
    )
    const descriptor = { mediaType: ociManifest, digest: sha256Of(manifest), size: manifest.length }
    manifests.push({ descriptor, bytes: manifest })
    images.push({ names: tags, descriptor })
  }
  return {
    images,
    async manifest(tagOrDigest) {
      const named = images.find(({ names }) => names.some(name => name === tagOrDigest || name.endsWith(`:${tagOrDigest}`)))
      const digest = named?.descriptor.digest ?? tagOrDigest
      return manifests.find(each => each.descriptor.digest === digest)
    },
    async *blob(descriptor, blobSignal) {
      const file = blobs.get(descriptor.digest)
      if (file === undefined) throw new UserError(`${files.name} has no content "${descriptor.digest}"`)
      yield* verifiedContent(descriptor, file.content(blobSignal))
    },
    referrers: async () => [],
  }
}

const memoryFile = (bytes: Buffer): LayoutFile => ({
  size: bytes.length,
  async *content() {
    yield bytes
  },
})

/** Docker's layers are plain, so that their digest is the diff id. Other builders compress them: then the file is read for its digest. */
async function layerDescriptor(file: LayoutFile, diffId: Digest, signal: AbortSignal): Promise<Descriptor> {
  const plain = { mediaType: 'application/vnd.oci.image.layer.v1.tar', digest: diffId, size: file.size }
  const hash = createHash('sha256')
  let isFirst = true
  for await (const piece of file.content(signal)) {
    if (isFirst && compressionOf(piece.subarray(0, 4), `Layer "${diffId}"`) === 'none') return plain
    isFirst = false
    hash.update(piece)
  }
  if (isFirst) return plain
  const digest: Digest = `sha256:${hash.digest('hex')}`
  return { mediaType: 'application/vnd.oci.image.layer.v1.tar+gzip', digest, size: file.size }
}
