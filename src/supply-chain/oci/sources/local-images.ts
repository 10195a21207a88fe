// Images in a folder or an archive: an OCI layout (image-spec, image-layout.md) or what "docker save" writes.
import { UserError } from '../../../base/user-error.ts'
import { writeJson } from '../../../base/write-json.ts'
import type { Descriptor, ImageSource, Platform } from '../image-source.ts'
import { selectManifest } from '../platform.ts'
import { openArchive } from './archive-files.ts'
import { dockerArchiveSource } from './docker-archive-source.ts'
import { folderFiles } from './folder-files.ts'
import type { LayoutFiles } from './layout-files.ts'
import { layoutSource } from './layout-source.ts'

export interface LocalImage {
  /** As the index names it; none if it has no name. */
  readonly names: readonly string[]
  readonly descriptor: Descriptor
}

export interface LocalImages extends ImageSource {
  readonly images: readonly LocalImage[]
}

/** The images of an OCI layout's folder; `name` is for messages. Rejects with a UserError. */
export async function openLayout(folder: string, name: string, signal: AbortSignal): Promise<LocalImages & AsyncDisposable> {
  return await opened(folderFiles(folder, name), signal)
}

/** The images of an archive: a tar of an OCI layout, or of "docker save"; plain, gzip or zstd. Rejects with a UserError. */
export async function openImageArchive(file: string, name: string, signal: AbortSignal): Promise<LocalImages & AsyncDisposable> {
  return await opened(await openArchive(file, name), signal)
}

async function opened(files: LayoutFiles, signal: AbortSignal): Promise<LocalImages & AsyncDisposable> {
  try {
    const images = (await layoutSource(files, signal)) ?? (await dockerArchiveSource(files, signal))
    if (images !== undefined) return { ...images, [Symbol.asyncDispose]: async () => await files[Symbol.asyncDispose]() }
    throw new UserError(`${files.name} has no images: it needs "oci-layout" and "index.json", or "manifest.json" of Docker`)
  } catch (err) {
    await files[Symbol.asyncDispose]()
    throw err
  }
}

/**
 * The image with that name, tag or digest; without `wanted`, the only one, or the only one for the platform, signatures aside. `name` is for messages. Throws a UserError that lists what is there if the
 * choice is not clear.
 */
export function chooseImage({ images: all }: LocalImages, wanted: string | undefined, platform: Platform, name: string): Descriptor {
  const images = wanted === undefined ? withoutAttached(all) : all
  const found = wanted === undefined ? images : images.filter(image => isNamed(image, wanted))
  const digests = new Set(found.map(({ descriptor }) => descriptor.digest))
  const [first] = found
  if (digests.size === 1 && first !== undefined) return first.descriptor
  const fitting =
    digests.size > 1
      ? selectManifest(
          found.map(({ descriptor }) => descriptor),
          platform,
        )
      : undefined
  if (fitting !== undefined && new Set(found.flatMap(({ names }) => names)).size <= 1) return fitting
  const there = images.slice(0, 20).map(image => image.names[0] ?? image.descriptor.digest)
  const list = there.length === 0 ? 'it has none' : `it has ${there.map(each => writeJson(each)).join(', ')}`
  if (wanted === undefined) throw new UserError(`"${name}" must have one image, or --image must name one of them: ${list}`)
  throw new UserError(`"${name}" has ${digests.size === 0 ? 'no image' : 'several images'} "${wanted}": ${list}`)
}

/** Of cosign's attachments, and of the list that stands in for the API of referrers. */
const attachedTag = /(?:^|:)sha(?:256|512)-[0-9a-f]{64,128}(?:\.(?:sig|att|sbom))?$/

/** Without signatures and what else is attached to an image: by cosign's tags, or without a name beside images that have one. */
function withoutAttached(all: readonly LocalImage[]): readonly LocalImage[] {
  const images = all.filter(({ names }) => !names.some(name => attachedTag.test(name)))
  const named = images.filter(({ names }) => names.length > 0)
  return named.length > 0 ? named : images
}

/** By its whole name, its tag, or its digest. */
function isNamed({ names, descriptor }: LocalImage, wanted: string): boolean {
  return descriptor.digest === wanted || names.some(name => name === wanted || name.endsWith(`:${wanted}`) || name.endsWith(`/${wanted}`))
}
