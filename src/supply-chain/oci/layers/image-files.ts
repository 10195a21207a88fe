// Hands over the wanted files of an image, as a container would see them: layers from the highest to the lowest, whiteouts applied, links followed
// within the image. Nothing is written, nothing is executed; devices, pipes and sockets are ignored.
import { UserError } from '../../../base/user-error.ts'
import type { ImageSource } from '../image-source.ts'
import type { ReadableImage } from '../resolve-image.ts'
import { readTar, type StreamedEntry } from '../tar/read-tar.ts'
import { withDigest } from '../verified-content.ts'
import { decompressed } from './decompressed.ts'
import { imagePath, isTooLong, linkTarget, maxPathBytes, maxPathDepth } from './image-path.ts'
import { type LayerEntries, UpperLayers, whiteoutOf } from './upper-layers.ts'

export interface ImageLimits {
  /** Entries of all layers. */
  readonly entries: number
  /** Bytes of one layer when it is unpacked. */
  readonly layerBytes: number
  /** Bytes of all layers when they are unpacked. */
  readonly imageBytes: number
  /** Links that are remembered. */
  readonly links: number
}

export const imageLimits: ImageLimits = { entries: 2_000_000, layerBytes: 32 * 1024 ** 3, imageBytes: 64 * 1024 ** 3, links: 500_000 }

/** Links that lead to links: as many as Linux follows. */
export const maxLinkSteps = 40

export interface FileFacts {
  /** Permission bits. */
  readonly mode: number
  /** Bytes. */
  readonly size: number
}

export interface Wish {
  /** A larger file is skipped and reported. */
  readonly maxBytes: number
  /** Only a file that begins with one of these. */
  readonly beginsWith?: readonly Buffer[]
}

export interface ImageFile {
  /** Without a leading slash. */
  readonly path: string
  /** Permission bits. */
  readonly mode: number
  readonly content: Buffer
}

export interface SkippedFile {
  readonly path: string
  readonly reason: string
}

export interface Wanted {
  /** Undefined if the file is not wanted. */
  wish(path: string, facts: FileFacts): Wish | undefined
  /** Files that a link on the way must not hide: they are looked for also where links lead to. */
  readonly fixedPaths: readonly string[]
  /** Called once for each file; of a path that one layer has twice, the last counts. */
  onFile(file: ImageFile): void | Promise<void>
}

/** Resolves with the wanted files that were not read. Rejects with a UserError if a layer is other content than it says, damaged or beyond a limit. */
export async function readImageFiles(
  source: ImageSource,
  image: ReadableImage,
  wanted: Wanted,
  signal: AbortSignal,
  limits: ImageLimits = imageLimits,
): Promise<readonly SkippedFile[]> {
  const pass = new LayerPass(source, image, limits, signal)
  await pass.read(wanted.wish, wanted.onFile)
  const aliases = pass.aliases(wanted)
  if (aliases.size === 0) return pass.skipped
  // Links to files that nothing else asked for: the layers are read again for these alone.
  const second = new LayerPass(source, image, limits, signal)
  const wish = (path: string): Wish | undefined => aliases.get(path)?.wish
  await second.read(wish, async file => {
    for (const path of aliases.get(file.path)?.paths ?? []) await wanted.onFile({ ...file, path })
  })
  return [...pass.skipped, ...second.skipped]
}

interface Alias {
  readonly wish: Wish
  readonly paths: string[]
}

class LayerPass {
  readonly #source: ImageSource
  readonly #image: ReadableImage
  readonly #limits: ImageLimits
  readonly #signal: AbortSignal
  readonly #upper = new UpperLayers()
  readonly #links = new Map<string, { readonly target: string; readonly isHard: boolean }>()
  readonly #handedOver = new Set<string>()
  #entries = 0
  #bytes = 0
  readonly skipped: SkippedFile[] = []

  constructor(source: ImageSource, image: ReadableImage, limits: ImageLimits, signal: AbortSignal) {
    this.#source = source
    this.#image = image
    this.#limits = limits
    this.#signal = signal
  }

  async read(wish: Wanted['wish'], onFile: Wanted['onFile']): Promise<void> {
    const { layers } = this.#image
    for (let at = layers.length - 1; at >= 0; at--) {
      const layer = layers[at]
      if (layer === undefined) continue
      const where = `Layer "${layer.descriptor.digest}"`
      const seen: LayerEntries = { files: [], folders: [], opaque: [] }
      // The source verifies what is packed.
      const packed = this.#source.blob(layer.descriptor, this.#signal)
      const content = withDigest(layer.diffId, decompressed(packed, this.#limits.layerBytes, where))
      try {
        for await (const entry of readTar(content)) await this.#entry(entry, seen, wish, onFile, where)
      } catch (err) {
        if (err instanceof UserError || !(err instanceof Error)) throw err
        throw new UserError(`${where} cannot be read: ${err.message}`, { cause: err })
      }
      // The lowest hides nothing.
      if (at > 0) this.#upper.add(seen)
    }
  }

  async #entry(entry: StreamedEntry, seen: LayerEntries, wish: Wanted['wish'], onFile: Wanted['onFile'], where: string): Promise<void> {
    this.#signal.throwIfAborted()
    const { type, mode, size, linkTo, isSparse } = entry.head
    this.#bytes += size
    if (++this.#entries > this.#limits.entries) throw new UserError(`${where}: the image has more than ${this.#limits.entries} files`)
    if (this.#bytes > this.#limits.imageBytes)
      throw new UserError(`${where}: the image has more than ${this.#limits.imageBytes} bytes of files`)
    const path = imagePath(entry.head.path)
    if (isTooLong(path)) throw new UserError(`${where} has a path longer than ${maxPathBytes} bytes or deeper than ${maxPathDepth} folders`)
    if (path === '') return
    const whiteout = whiteoutOf(path)
    if (whiteout !== undefined) {
      if (whiteout.isOpaque) seen.opaque.push(whiteout.path)
      else seen.files.push(whiteout.path)
      return
    }
    const isHidden = this.#upper.hides(path, type === 'directory')
    if (type === 'directory') seen.folders.push(path)
    else seen.files.push(path)
    if (isHidden) return
    if (type === 'hard-link' || type === 'symbolic-link') {
      if (this.#links.size >= this.#limits.links) throw new UserError(`${where}: the image has more than ${this.#limits.links} links`)
      this.#links.set(path, { target: type === 'hard-link' ? imagePath(linkTo) : linkTarget(path, linkTo), isHard: type === 'hard-link' })
    }
    if (type !== 'file') return
    const wanted = wish(path, { mode, size })
    if (wanted === undefined) return
    if (wanted.beginsWith !== undefined) {
      const head = await entry.peek(8)
      if (!wanted.beginsWith.some(begin => head.subarray(0, begin.length).equals(begin))) return
    }
    if (isSparse) this.skipped.push({ path, reason: 'it has holes, which only GNU tar fills' })
    else if (size > wanted.maxBytes) this.skipped.push({ path, reason: `it has ${size} bytes, at most ${wanted.maxBytes} are read` })
    else {
      this.#handedOver.add(path)
      await onFile({ path, mode, content: await entry.content() })
    }
  }

  /** Wanted paths that are links, or below links, by the file that they lead to. */
  aliases({ wish, fixedPaths }: Pick<Wanted, 'wish' | 'fixedPaths'>): Map<string, Alias> {
    const aliases = new Map<string, Alias>()
    const add = (path: string) => {
      // A file that is known by its first bytes is read under its own name.
      const wanted = wish(path, { mode: 0o644, size: 0 })
      if (wanted === undefined || wanted.beginsWith !== undefined || this.#handedOver.has(path)) return
      const target = this.#resolve(path)
      if (target === undefined || target === path || this.#handedOver.has(target)) return
      const alias = aliases.get(target)
      if (alias === undefined) aliases.set(target, { wish: wanted, paths: [path] })
      else alias.paths.push(path)
    }
    for (const path of this.#links.keys()) add(path)
    for (const path of fixedPaths) if (!this.#links.has(path)) add(path)
    return aliases
  }

  /** Follows links of every part of the path. Undefined if they go in circles. */
  #resolve(path: string): string | undefined {
    let current = path
    for (let step = 0; step < maxLinkSteps; step++) {
      const next = this.#followFirst(current)
      if (next === undefined) return current
      if (isTooLong(next)) return undefined
      current = next
    }
    return undefined
  }

  /** The path behind its first link; undefined if it has none. */
  #followFirst(path: string): string | undefined {
    for (let end = path.indexOf('/'); ; end = path.indexOf('/', end + 1)) {
      const link = this.#links.get(end < 0 ? path : path.slice(0, end))
      if (link !== undefined && (end < 0 || !link.isHard)) return imagePath(end < 0 ? link.target : `${link.target}${path.slice(end)}`)
      if (end < 0) return undefined
    }
  }
}
