// The image to verify: in an OCI layout or archive on disk, or in a registry.
import { readFile } from 'node:fs/promises'
import { parseImageReference, splitImage } from '../../api/image-reference.ts'
import { systemClock } from '../../base/clock.ts'
import { cannotRead, UserError } from '../../base/user-error.ts'
import { type Digest, isDigest } from '../../supply-chain/oci/digest.ts'
import type { ImageSource } from '../../supply-chain/oci/image-source.ts'
import { parseManifest } from '../../supply-chain/oci/manifest.ts'
import { RegistryClient } from '../../supply-chain/oci/registry/registry-client.ts'
import { type LocalImages, openImageArchive, openLayout } from '../../supply-chain/oci/sources/local-images.ts'
import { softwareTarget } from '../sbom/software-target.ts'
import { registryCredentials } from './docker-config.ts'

export interface TargetOptions {
  /** PEM file with the registry's authorities. */
  readonly ca?: string
  /** Docker's config.json. */
  readonly authFile: string
  /** Name, tag or digest of one of several images of a layout. */
  readonly image?: string
  /** The name that the image has for policies; needed where a layout has none. */
  readonly as?: string
}

export interface ImageTarget {
  readonly source: ImageSource
  readonly digest: Digest
  /** `registry.example.com/shop/web`, in full. */
  readonly repository: string
}

/** `text` is a path or a reference. Rejects with a UserError. What it opens, it leaves to `resources`. */
export async function openTarget(
  text: string,
  options: TargetOptions,
  resources: AsyncDisposableStack,
  signal: AbortSignal,
): Promise<ImageTarget> {
  const target = softwareTarget(text)
  if (target === undefined) return await inRegistry(text, options, resources, signal)
  if (target.kind === 'directory') throw new UserError(`"${text}" is no OCI layout: it has no file "oci-layout"`)
  const open = target.kind === 'layout' ? openLayout : openImageArchive
  const images = resources.use(await open(target.path, text, signal))
  return await inLayout(images, text, options, signal)
}

async function inRegistry(
  text: string,
  { ca, authFile, as }: TargetOptions,
  resources: AsyncDisposableStack,
  signal: AbortSignal,
): Promise<ImageTarget> {
  const reference = parseImageReference(text)
  if (reference === undefined) throw new UserError(`"${text}" is neither a path nor the name of an image`)
  const { name } = splitImage(reference.full)
  const slash = name.indexOf('/')
  const [host, repository] = [name.slice(0, slash), name.slice(slash + 1)]
  const authorities = ca === undefined ? {} : { authorities: await readAuthorities(ca) }
  const known = await registryCredentials(authFile, host)
  const credentials = known === undefined ? {} : { credentials: known }
  const source = resources.use(new RegistryClient({ host, repository, clock: systemClock, ...authorities, ...credentials }))
  const wanted = reference.digest ?? reference.tag ?? 'latest'
  const manifest = await source.manifest(wanted, signal)
  if (manifest === undefined)
    throw new UserError(`Registry ${host} has no image "${repository}" with ${isDigest(wanted) ? 'digest' : 'tag'} "${wanted}"`)
  return { source, digest: manifest.descriptor.digest, repository: as === undefined ? name : fullName(as) }
}

async function readAuthorities(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8')
  } catch (err) {
    throw cannotRead(file, err)
  }
}

/** A layout may hold the signatures beside the image: these are no candidates. */
async function inLayout(images: LocalImages, text: string, { image, as }: TargetOptions, signal: AbortSignal): Promise<ImageTarget> {
  const candidates: { readonly names: readonly string[]; readonly digest: Digest }[] = []
  for (const { names, descriptor } of images.images) {
    if (names.some(name => artifactTag.test(name))) continue
    const manifest = await images.manifest(descriptor.digest, signal)
    if (manifest === undefined) continue
    const { subject, artifactType } = parseManifest(
      manifest.bytes,
      descriptor.mediaType || undefined,
      `"${descriptor.digest}" of "${text}"`,
    )
    if (subject === undefined && artifactType === undefined) candidates.push({ names, digest: descriptor.digest })
  }
  const found = candidates.filter(
    ({ names, digest }) => image === undefined || digest === image || names.some(name => name === image || name.endsWith(`:${image}`)),
  )
  const [first] = found
  if (first === undefined || new Set(found.map(({ digest }) => digest)).size > 1) {
    const list = candidates
      .map(({ names, digest }) => `"${names[0] ?? digest}"`)
      .slice(0, 20)
      .join(', ')
    throw new UserError(`"${text}" must have one image, or --image must name one of them; it has ${list || 'none'}`)
  }
  const named = as ?? first.names.find(name => name.includes('/'))
  if (named === undefined)
    throw new UserError(`"${text}" does not say which image it is: name it with --as, such as --as registry.example.com/shop/web`)
  return { source: images, digest: first.digest, repository: fullName(named) }
}

/** Of cosign's signatures, attestations and the fallback of the referrers API. */
const artifactTag = /(?:^|:)sha(?:256|512)-[0-9a-f]{64,128}(?:\.(?:sig|att|sbom))?$/

function fullName(text: string): string {
  const reference = parseImageReference(text)
  if (reference === undefined) throw new UserError(`"${text}" is no name of an image, such as registry.example.com/shop/web`)
  return splitImage(reference.full).name
}
