// Finds packages, in the process without rights.
import { isJsonObject } from '../../base/json.ts'
import { UserError } from '../../base/user-error.ts'
import type { ImageSource, Platform } from '../../supply-chain/oci/image-source.ts'
import { nodePlatform, parsePlatformText, platformText, selectManifest } from '../../supply-chain/oci/platform.ts'
import { readableImage, resolveImage } from '../../supply-chain/oci/resolve-image.ts'
import { chooseImage, type LocalImages, openImageArchive, openLayout } from '../../supply-chain/oci/sources/local-images.ts'
import { catalogueDirectory } from '../../supply-chain/packages/catalogue-directory.ts'
import { catalogueImage } from '../../supply-chain/packages/catalogue-image.ts'
import type { Software } from '../../supply-chain/packages/software.ts'
import type { IsolatedWork } from '../isolated/isolated-work.ts'
import type { SoftwareTarget } from './software-target.ts'

export interface SbomRequest {
  readonly kind: SoftwareTarget['kind']
  /** As the user named it. */
  readonly name: string
  /** The name, tag or digest of one of several images. */
  readonly image?: string
  /** `os/architecture[/variant]`; default: that of this machine if there is a choice. */
  readonly platform?: string
}

export const sbomWork: IsolatedWork = {
  async run(input, [path = ''], signal): Promise<Software> {
    const request = parseRequest(input)
    const { kind, name } = request
    if (kind === 'directory') return { subject: { kind: 'directory', name }, ...(await catalogueDirectory(path, name, signal)) }
    await using images = await (kind === 'layout' ? openLayout(path, name, signal) : openImageArchive(path, name, signal))
    return await softwareOf(images, request, signal)
  },
}

async function softwareOf(images: LocalImages, { name, image, platform }: ParsedRequest, signal: AbortSignal): Promise<Software> {
  const source: ImageSource = images
  const preferred = platform ?? nodePlatform(process.arch)
  const chosen = chooseImage(images, image, preferred, name)
  const readable = await readableImage(source, await resolveImage(source, chosen.digest, preferred, name, signal), name, signal)
  const { config, descriptor } = readable
  if (platform !== undefined && selectManifest([{ ...descriptor, platform: config.platform }], platform) === undefined)
    throw new UserError(`Image "${name}" is for platform ${platformText(config.platform)}, not ${platformText(platform)}`)
  return {
    subject: { kind: 'image', name: image ?? name, digest: descriptor.digest, platform: config.platform },
    ...(await catalogueImage(source, readable, signal)),
  }
}

interface ParsedRequest extends Omit<SbomRequest, 'platform'> {
  readonly platform?: Platform
}

function parseRequest(value: unknown): ParsedRequest {
  if (!isJsonObject(value)) throw new Error('The request is no object')
  const { kind, name, image, platform } = value
  const parsed = typeof platform === 'string' ? parsePlatformText(platform) : undefined
  if (kind !== 'layout' && kind !== 'archive' && kind !== 'directory') throw new Error('The request has no kind')
  if (typeof name !== 'string') throw new Error('The request is incomplete')
  return { kind, name, ...(parsed === undefined ? {} : { platform: parsed }), ...(typeof image === 'string' ? { image } : {}) }
}
