// OCI layouts and archives that stand for registries: offline evaluation asks them what the part `artifacts` asks a registry.
import { parseImageReference, splitImage } from '../../../api/image-reference.ts'
import type { Registries } from '../../../artifacts/image-verifier.ts'
import { UserError } from '../../../base/user-error.ts'
import { isDigest } from '../../../supply-chain/oci/digest.ts'
import type { Descriptor, ImageSource, Manifest } from '../../../supply-chain/oci/image-source.ts'
import { type LocalImages, openImageArchive, openLayout } from '../../../supply-chain/oci/sources/local-images.ts'
import { softwareTarget } from '../../sbom/software-target.ts'
import { notInLayouts } from './not-in-layouts.ts'

/** Layouts that may be given. */
export const maxLayouts = 100

interface NamedLayout {
  readonly images: LocalImages
  /** `registry/path:tag` or `registry/path`, in full: which image is meant by each name. */
  readonly names: ReadonlyMap<string, Descriptor>
  readonly repositories: ReadonlySet<string>
}

/**
 * Each of `paths` is a folder or an archive whose index names its images, or `NAME=PATH`. Rejects with a UserError. What it opens, it leaves to
 * `resources`.
 */
export async function layoutRegistries(
  paths: readonly string[],
  resources: AsyncDisposableStack,
  signal: AbortSignal,
): Promise<Registries> {
  if (paths.length > maxLayouts) throw new UserError(`--images has ${paths.length} layouts, at most ${maxLayouts} are read`)
  const layouts: NamedLayout[] = []
  for (const path of paths) layouts.push(await openNamed(path, resources, signal))
  return {
    open(repository) {
      const own = layouts.filter(({ repositories }) => repositories.has(repository))
      return own.length === 0 ? missing(repository) : joined(repository, own)
    },
  }
}

async function openNamed(text: string, resources: AsyncDisposableStack, signal: AbortSignal): Promise<NamedLayout> {
  const equals = text.indexOf('=')
  const [as, path] = equals < 0 ? [undefined, text] : [text.slice(0, equals), text.slice(equals + 1)]
  const target = softwareTarget(path)
  if (target === undefined || target.kind === 'directory')
    throw new UserError(`"${path}" is neither an OCI layout nor an archive of images: --images takes PATH or NAME=PATH`)
  const open = target.kind === 'layout' ? openLayout : openImageArchive
  const images = resources.use(await open(target.path, path, signal))
  const names = new Map<string, Descriptor>()
  for (const { names: own, descriptor } of images.images)
    for (const name of as === undefined ? own.filter(each => each.includes('/')) : [as]) {
      const reference = parseImageReference(name)
      if (reference === undefined) throw new UserError(`"${name}" of "${path}" is no name of an image`)
      const { name: repository } = splitImage(reference.full)
      // Signatures beside the image have names of their own in a layout.
      if (as !== undefined && isSignature(own)) continue
      names.set(repository, descriptor)
      names.set(`${repository}:${reference.tag ?? 'latest'}`, descriptor)
    }
  if (names.size === 0)
    throw new UserError(`"${path}" does not say which image it is: write --images registry.example.com/shop/web:1=${path}`)
  return { images, names, repositories: new Set([...names.keys()].map(name => splitImage(name).name)) }
}

const isSignature = (names: readonly string[]): boolean => names.some(name => /(?:^|:)sha(?:256|512)-[0-9a-f]{64,128}/.test(name))

function missing(repository: string): ImageSource {
  const fail = async (): Promise<never> => {
    throw new UserError(`${notInLayouts} an image of ${repository}`)
  }
  return { manifest: fail, referrers: fail, blob: noContent }
}

function* nothing(): Generator<Uint8Array> {
  yield* []
}

async function* noContent(descriptor: Descriptor): AsyncGenerator<Uint8Array> {
  yield* nothing()
  throw new UserError(`no layout has the content ${descriptor.digest}`)
}

/** Several layouts of one repository: an image and its signatures may come from different tools. */
function joined(repository: string, layouts: readonly NamedLayout[]): ImageSource {
  return {
    async manifest(wanted, signal): Promise<Manifest | undefined> {
      for (const { images, names } of layouts) {
        const named = isDigest(wanted) ? undefined : names.get(`${repository}:${wanted}`)
        const found = await images.manifest(named?.digest ?? wanted, signal)
        if (found !== undefined) return found
      }
      // Of the image itself; signatures may be missing.
      if (isDigest(wanted) || /^sha(?:256|512)-/.test(wanted)) return undefined
      throw new UserError(`${notInLayouts} "${repository}:${wanted}"`)
    },
    async *blob(descriptor, signal) {
      for (const [index, { images }] of layouts.entries())
        try {
          const content: Uint8Array[] = []
          for await (const piece of images.blob(descriptor, signal)) content.push(piece)
          yield* content
          return
        } catch (err) {
          if (!(err instanceof UserError) || index === layouts.length - 1) throw err
        }
    },
    async referrers(digest, signal) {
      const found = await Promise.all(layouts.map(({ images }) => images.referrers(digest, signal)))
      return found.flat()
    },
  }
}
