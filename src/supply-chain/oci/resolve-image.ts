// From a tag or digest to the one image that a node of a platform would run.
import { UserError } from '../../base/user-error.ts'
import type { Digest } from './digest.ts'
import { type ImageConfig, maxConfigBytes, parseImageConfig } from './image-config.ts'
import type { Descriptor, ImageSource, Platform } from './image-source.ts'
import { type ImageManifest, parseManifest } from './manifest.ts'
import { isConfigType, isLayerType } from './media-types.ts'
import { platformText, selectManifest } from './platform.ts'
import { readVerified } from './verified-content.ts'

/** An index may name an index; containerd follows the same few. */
export const maxIndexDepth = 3

export interface ResolvedImage {
  /** Of the index, if the name leads to one. */
  readonly index?: Descriptor
  readonly descriptor: Descriptor
  readonly manifest: ImageManifest
}

export interface ReadableImage extends ResolvedImage {
  readonly config: ImageConfig
  /** Lowest first, with the digest of each layer's uncompressed content. */
  readonly layers: readonly { readonly descriptor: Descriptor; readonly diffId: Digest }[]
}

/** `name` is for messages. Rejects with a UserError if the source has no such image, none for the platform, or a malformed one. */
export async function resolveImage(
  source: ImageSource,
  tagOrDigest: string,
  platform: Platform,
  name: string,
  signal: AbortSignal,
): Promise<ResolvedImage> {
  let next = tagOrDigest
  let mediaType: string | undefined
  let index: Descriptor | undefined
  for (let depth = 0; depth <= maxIndexDepth; depth++) {
    const found = await source.manifest(next, signal)
    if (found === undefined) throw new UserError(`Image "${name}": "${next}" is not there`)
    const parsed = parseManifest(
      found.bytes,
      mediaType ?? (found.descriptor.mediaType || undefined),
      `Image "${name}": "${found.descriptor.digest}"`,
    )
    if (parsed.kind === 'manifest') return { descriptor: found.descriptor, manifest: parsed, ...(index === undefined ? {} : { index }) }
    index ??= found.descriptor
    const chosen = selectManifest(parsed.manifests, platform) ?? onlyUnnamed(parsed.manifests)
    if (chosen === undefined)
      throw new UserError(`Image "${name}" is not for platform ${platformText(platform)}: it is for ${platformsOf(parsed.manifests)}`)
    next = chosen.digest
    mediaType = chosen.mediaType
  }
  throw new UserError(`Image "${name}": indexes are nested deeper than ${maxIndexDepth} levels`)
}

/** An index that names no platforms and has one manifest means that one. */
function onlyUnnamed(manifests: readonly Descriptor[]): Descriptor | undefined {
  const [only, ...others] = manifests
  return others.length === 0 && only?.platform === undefined ? only : undefined
}

function platformsOf(manifests: readonly Descriptor[]): string {
  const named = manifests.flatMap(({ platform }) => (platform === undefined || platform.os === 'unknown' ? [] : [platformText(platform)]))
  return named.length === 0 ? 'none' : [...new Set(named)].slice(0, 20).join(', ')
}

/** The configuration and layers of an image. Rejects with a UserError if the manifest is an artifact's, or its configuration is malformed. */
export async function readableImage(source: ImageSource, image: ResolvedImage, name: string, signal: AbortSignal): Promise<ReadableImage> {
  const { config, layers, artifactType } = image.manifest
  if (!isConfigType(config.mediaType))
    throw new UserError(`"${name}" is no image but an artifact of type "${artifactType ?? config.mediaType}"`)
  const bytes = await readVerified(config, source.blob(config, signal), maxConfigBytes)
  const parsed = parseImageConfig(bytes, `Image "${name}": configuration "${config.digest}"`)
  const foreign = layers.find(({ mediaType }) => !isLayerType(mediaType))
  if (foreign !== undefined) throw new UserError(`Image "${name}": layer "${foreign.digest}" has the unknown type "${foreign.mediaType}"`)
  if (parsed.diffIds.length !== layers.length)
    throw new UserError(`Image "${name}" has ${layers.length} layers, but its configuration names ${parsed.diffIds.length}`)
  return {
    ...image,
    config: parsed,
    layers: layers.flatMap((descriptor, at) => {
      const diffId = parsed.diffIds[at]
      return diffId === undefined ? [] : [{ descriptor, diffId }]
    }),
  }
}
