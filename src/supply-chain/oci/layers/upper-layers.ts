// What the layers above hide of the layers below (image-spec, layer.md). Layers are read from the highest to the lowest, so that nothing is
// read that another layer replaces.
import { posix } from 'node:path'

const whiteoutPrefix = '.wh.'
const opaqueMarker = '.wh..wh..opq'

export interface Whiteout {
  /** The path that a lower layer must not show; for an opaque folder its content. */
  readonly path: string
  readonly isOpaque: boolean
}

/** Undefined for the name of a file. */
export function whiteoutOf(path: string): Whiteout | undefined {
  const name = path.slice(path.lastIndexOf('/') + 1)
  if (!name.startsWith(whiteoutPrefix)) return undefined
  const folder = posix.dirname(path)
  const inFolder = folder === '.' ? '' : `${folder}/`
  return name === opaqueMarker
    ? { path: folder === '.' ? '' : folder, isOpaque: true }
    : { path: `${inFolder}${name.slice(whiteoutPrefix.length)}`, isOpaque: false }
}

export class UpperLayers {
  /** Files, links and whiteouts: they hide the path and what is below it. */
  readonly #files = new Set<string>()
  /** They hide files of the same path. */
  readonly #folders = new Set<string>()
  /** They hide what is below them. */
  readonly #opaque = new Set<string>()
  /** Of the folder of the last path: entries of a folder follow each other. */
  #last = { folder: '', isHidden: false }

  /** Entries of the layer that is read now count for the layers below it only. */
  add(layer: LayerEntries): void {
    for (const path of layer.files) this.#files.add(path)
    for (const path of layer.folders) this.#folders.add(path)
    for (const path of layer.opaque) this.#opaque.add(path)
    this.#last = { folder: '', isHidden: this.#opaque.has('') }
  }

  /** Whether a lower layer's entry is hidden. */
  hides(path: string, isFolder: boolean): boolean {
    if (this.#files.has(path) || (!isFolder && this.#folders.has(path))) return true
    const slash = path.lastIndexOf('/')
    return this.#hidesContentOf(slash < 0 ? '' : path.slice(0, slash))
  }

  #hidesContentOf(folder: string): boolean {
    if (folder === this.#last.folder) return this.#last.isHidden
    let isHidden = this.#opaque.has('')
    for (let end = folder.indexOf('/'); !isHidden; end = folder.indexOf('/', end + 1)) {
      const ancestor = end < 0 ? folder : folder.slice(0, end)
      isHidden = ancestor !== '' && (this.#files.has(ancestor) || this.#opaque.has(ancestor))
      if (end < 0) break
    }
    this.#last = { folder, isHidden }
    return isHidden
  }
}

/** What one layer hides of those below it. */
export interface LayerEntries {
  readonly files: string[]
  readonly folders: string[]
  readonly opaque: string[]
}
