// `bulkhead image copy` and `export`: an image with its platforms, signatures and attestations, between registries, OCI layouts and
// archives. Nothing is unpacked or run, and everything is verified against its digest on the way.
import { mkdir, mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { parseImageReference, splitImage } from '../../api/image-reference.ts'
import { systemClock } from '../../base/clock.ts'
import { cannotRead, codeOf, messageOf, UserError } from '../../base/user-error.ts'
import { type Copied, copyImage } from '../../supply-chain/oci/copy/copy-image.ts'
import { layoutDestination } from '../../supply-chain/oci/copy/layout-destination.ts'
import { writeArchive } from '../../supply-chain/oci/copy/write-archive.ts'
import type { ImageSource } from '../../supply-chain/oci/image-source.ts'
import { nodePlatform } from '../../supply-chain/oci/platform.ts'
import { RegistryClient } from '../../supply-chain/oci/registry/registry-client.ts'
import { RegistryUntrusted } from '../../supply-chain/oci/registry/registry-error.ts'
import { RegistryWriter } from '../../supply-chain/oci/registry/registry-writer.ts'
import { chooseImage, openImageArchive, openLayout } from '../../supply-chain/oci/sources/local-images.ts'
import { softwareTarget } from '../sbom/software-target.ts'
import { registryCredentials } from '../verify/docker-config.ts'

export interface CopyFlags {
  /** PEM file with the authorities of the registries. */
  readonly ca?: string
  readonly authFile?: string
  /** Name, tag or digest of one of several images of a layout. */
  readonly image?: string
}

export interface CopyContext {
  readonly defaultAuthFile: string
  print(text: string): void
}

interface Source {
  readonly images: ImageSource
  readonly tagOrDigest: string
  /** Where it comes from, without a tag: its name in a layout. */
  readonly repository: string
  /** Undefined if it was named by its digest. */
  readonly tag: string | undefined
}

/** `from` is an image of a registry, an OCI layout or an archive; `to` is a registry's repository, a file that ends with `.tar`, or an empty folder. */
export async function copyImages(
  from: string,
  to: string,
  flags: CopyFlags,
  { defaultAuthFile, print }: CopyContext,
  signal: AbortSignal,
): Promise<void> {
  await using stack = new AsyncDisposableStack()
  const registries = { authFile: flags.authFile ?? defaultAuthFile, ...(await readAuthorities(flags.ca)) }
  const source = await openSource(from, flags, registries, stack, signal)
  const copied = await copyTo(source, to, registries, stack, signal).catch((err: unknown) => {
    if (!(err instanceof RegistryUntrusted) || flags.ca !== undefined) throw err
    throw new UserError(`${err.message}. --ca FILE names its authority`, { cause: err })
  })
  const attached = copied.attached === 1 ? '1 attachment' : `${copied.attached} attachments`
  print(
    `${copied.digest} ${to} (${copied.manifests === 1 ? '1 manifest' : `${copied.manifests} manifests`}, ${copied.bytes} bytes of content, ${attached})`,
  )
}

interface Registries {
  readonly authFile: string
  readonly authorities?: string
}

async function readAuthorities(file: string | undefined): Promise<{ readonly authorities?: string }> {
  if (file === undefined) return {}
  try {
    return { authorities: await readFile(file, 'utf8') }
  } catch (err) {
    throw cannotRead(file, err)
  }
}

async function openSource(
  text: string,
  { image }: CopyFlags,
  registries: Registries,
  stack: AsyncDisposableStack,
  signal: AbortSignal,
): Promise<Source> {
  const target = softwareTarget(text)
  if (target === undefined) return await inRegistry(text, registries, stack)
  if (target.kind === 'directory') throw new UserError(`"${text}" is no OCI layout: it has no file "oci-layout"`)
  const images = stack.use(await (target.kind === 'layout' ? openLayout : openImageArchive)(target.path, text, signal))
  const { digest } = chooseImage(images, image, nodePlatform(process.arch), text)
  const name = images.images.find(({ descriptor }) => descriptor.digest === digest)?.names[0] ?? ''
  const { name: repository, tag } = splitImage(name)
  return { images, tagOrDigest: digest, repository: repository || 'image', tag }
}

async function inRegistry(text: string, registries: Registries, stack: AsyncDisposableStack): Promise<Source> {
  const { host, repository, full, tag, digest } = locate(text)
  const images = stack.use(new RegistryClient({ host, repository, clock: systemClock, ...(await access(host, registries)) }))
  return { images, tagOrDigest: digest ?? tag ?? 'latest', repository: full, tag: digest === undefined ? (tag ?? 'latest') : tag }
}

async function access(host: string, { authFile, authorities }: Registries) {
  const credentials = await registryCredentials(authFile, host)
  return { ...(authorities === undefined ? {} : { authorities }), ...(credentials === undefined ? {} : { credentials }) }
}

function locate(text: string) {
  const reference = parseImageReference(text)
  if (reference === undefined) throw new UserError(`"${text}" is neither a path nor the name of an image`)
  const { name, tag } = splitImage(text)
  const { name: full } = splitImage(reference.full)
  const slash = full.indexOf('/')
  return {
    host: full.slice(0, slash),
    repository: full.slice(slash + 1),
    full,
    tag: name === text ? undefined : tag,
    digest: reference.digest,
  }
}

async function copyTo(
  { images, tagOrDigest, repository, tag }: Source,
  to: string,
  registries: Registries,
  stack: AsyncDisposableStack,
  signal: AbortSignal,
): Promise<Copied> {
  if (to.endsWith('.tar')) {
    const file = resolve(to)
    const folder = await draftFolder(dirname(file))
    stack.defer(() => rm(folder, { recursive: true, force: true }))
    const layout = layoutDestination(folder, repository)
    const copied = await copyImage(images, tagOrDigest, layout, tag, signal, repository)
    await layout.finish()
    await writeArchive(folder, file, signal)
    return copied
  }
  if (isPath(to)) {
    const folder = resolve(to)
    await requireEmpty(folder, to)
    const layout = layoutDestination(folder, repository)
    const copied = await copyImage(images, tagOrDigest, layout, tag, signal, repository)
    await layout.finish()
    return copied
  }
  const target = locate(to)
  if (target.digest !== undefined) throw new UserError(`"${to}" has a digest: the destination is a repository, with or without a tag`)
  const writer = stack.use(
    new RegistryWriter({
      host: target.host,
      repository: target.repository,
      clock: systemClock,
      ...(await access(target.host, registries)),
    }),
  )
  return await copyImage(images, tagOrDigest, writer, target.tag ?? tag, signal, repository)
}

/** Unlike the name of an image, it begins with a slash or a dot, or ends with a slash. */
const isPath = (text: string): boolean => /^\.{0,2}\/|\/$/.test(text)

async function draftFolder(beside: string): Promise<string> {
  try {
    return await mkdtemp(join(beside, '.bulkhead-export-'))
  } catch (err) {
    throw new UserError(`Cannot write into "${beside}": ${messageOf(err)}`, { cause: err })
  }
}

async function requireEmpty(folder: string, name: string): Promise<void> {
  try {
    await mkdir(folder, { recursive: true })
    if ((await readdir(folder)).length === 0) return
  } catch (err) {
    throw new UserError(`Cannot write into "${name}": ${codeOf(err) === 'EEXIST' ? 'it is a file' : messageOf(err)}`, { cause: err })
  }
  throw new UserError(`"${name}" must be a new or an empty folder`)
}
