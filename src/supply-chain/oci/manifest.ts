// Parses manifests and indexes of images (image-spec, manifest.md and image-index.md; Docker's schema 2).
import { isJsonObject } from '../../base/json.ts'
import { UserError } from '../../base/user-error.ts'
import { parseBoundedJson } from './bounded-json.ts'
import { parseAnnotations, parseDescriptor } from './descriptor.ts'
import type { Descriptor } from './image-source.ts'
import { isIndexType, isManifestType, isSchema1Type } from './media-types.ts'

/** Registries store no larger manifests (distribution-spec: at least 4 MiB). */
export const maxManifestBytes = 4 * 1024 * 1024
/** containerd's overlay mounts fewer. */
export const maxLayers = 512
export const maxIndexEntries = 10_000

export interface ImageManifest {
  readonly kind: 'manifest'
  readonly mediaType: string
  readonly artifactType?: string
  readonly config: Descriptor
  readonly layers: readonly Descriptor[]
  readonly subject?: Descriptor
  readonly annotations: Readonly<Record<string, string>>
}

export interface ImageIndex {
  readonly kind: 'index'
  readonly mediaType: string
  readonly artifactType?: string
  readonly manifests: readonly Descriptor[]
  readonly subject?: Descriptor
  readonly annotations: Readonly<Record<string, string>>
}

/**
 * `mediaType` is what the descriptor or the registry says; a manifest that says another is refused (an index read as a manifest, and the reverse, was
 * CVE-2021-41190). `where` begins each message. Throws a UserError.
 */
export function parseManifest(bytes: Uint8Array, mediaType: string | undefined, where: string): ImageManifest | ImageIndex {
  const value = parseBoundedJson(bytes, maxManifestBytes, where)
  if (!isJsonObject(value)) throw new UserError(`${where} must be a JSON object`)
  const { schemaVersion, mediaType: own, artifactType, config, layers, manifests, subject, annotations } = value
  if (schemaVersion === 1 || (mediaType !== undefined && isSchema1Type(mediaType)))
    throw new UserError(`${where} has schema version 1, which names no content of its layers: push it again with a newer client`)
  if (schemaVersion !== 2) throw new UserError(`${where}: schemaVersion must be 2`)
  if (own !== undefined && typeof own !== 'string') throw new UserError(`${where}: mediaType must be text`)
  if (own !== undefined && mediaType !== undefined && own !== mediaType)
    throw new UserError(`${where}: mediaType is "${own.slice(0, 100)}", but its descriptor says "${mediaType.slice(0, 100)}"`)
  if (manifests !== undefined && (config !== undefined || layers !== undefined))
    throw new UserError(`${where} is both an index (manifests) and a manifest (config, layers)`)
  const type = own ?? mediaType ?? ''
  const common = {
    mediaType: type,
    ...(typeof artifactType === 'string' && artifactType !== '' ? { artifactType } : {}),
    ...(subject === undefined || subject === null ? {} : { subject: parseDescriptor(subject, `${where}: subject`) }),
    annotations: parseAnnotations(annotations, `${where}: annotations`) ?? {},
  }
  if (isIndexType(type)) return { kind: 'index', ...common, manifests: descriptors(manifests, 'manifests', maxIndexEntries, where) }
  if (isManifestType(type))
    return {
      kind: 'manifest',
      ...common,
      config: parseDescriptor(config, `${where}: config`),
      layers: descriptors(layers, 'layers', maxLayers, where),
    }
  throw new UserError(`${where}: mediaType must be a manifest or an index of OCI or Docker, got "${type.slice(0, 100)}"`)
}

function descriptors(value: unknown, field: string, most: number, where: string): Descriptor[] {
  if (!Array.isArray(value)) throw new UserError(`${where}: ${field} must be a list`)
  if (value.length > most) throw new UserError(`${where}: ${field} must have at most ${most} descriptors, got ${value.length}`)
  return value.map((each, at) => parseDescriptor(each, `${where}: ${field}[${at}]`))
}
