// Collects the texts to check: files, folders, output of kustomize for a folder, stdin. Sizes are limited before parsing.
import { createReadStream, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { cannotRead, UserError } from '../../base/user-error.ts'
import { isComponent, kustomizationOf } from './kustomization-inputs.ts'
import { maxFileBytes, readRegularFile } from './regular-file.ts'

const maxTotalBytes = 256 * 1024 * 1024
const maxFiles = 20_000

export interface SourceText {
  /** The path in findings: the given one, or one below it; `-` for stdin. */
  readonly file: string
  readonly text: string
  /** Found in a folder: documents that are not for Kubernetes are skipped. */
  readonly found: boolean
  /** What produced the text if it is not the file's own text. Such a text cannot be fixed in place. */
  readonly madeBy?: 'kustomize' | 'stdin'
}

export interface SourceParts {
  readonly stdin: Readable
  /** The manifests that kustomize renders for a folder. Throws a `UserError` if it cannot. */
  kustomize(folder: string): Promise<string>
}

const manifestFile = /\.(?:ya?ml|json)$/i
/** Folders of other tools, which hold no manifests. */
const skipped = /^(?:\..+|node_modules)$/

/** The path that a shell gives for `<(helm template .)`. */
const openedByShell = /^\/(?:dev|proc\/self)\/(?:fd\/\d+|stdin)$/

export interface Sources {
  /** In the order of the given paths; within a folder by name. */
  readonly texts: readonly SourceText[]
  /** Helm charts below the paths; their files are templates. */
  readonly charts: readonly string[]
}

/** Throws a `UserError` for what cannot be read. */
export async function readSources(paths: readonly string[], parts: SourceParts): Promise<Sources> {
  if (paths.filter(path => path === '-').length > 1) throw new UserError('stdin can be read only once')
  const reader = new Reader(parts)
  for (const path of paths) await reader.add(path)
  return { texts: reader.texts, charts: reader.charts }
}

class Reader {
  readonly texts: SourceText[] = []
  readonly charts: string[] = []
  readonly #parts: SourceParts
  #bytes = 0

  constructor(parts: SourceParts) {
    this.#parts = parts
  }

  async add(path: string): Promise<void> {
    if (path === '-') {
      this.#keep({ file: '-', text: await readBounded(this.#parts.stdin), found: false, madeBy: 'stdin' })
    } else if (openedByShell.test(path)) {
      this.#keep({ file: path, text: await readBounded(createReadStream(path)), found: false, madeBy: 'stdin' })
    } else if (onDisk(path, () => statSync(path)).isDirectory()) {
      const before = this.texts.length
      await this.#folder(path, true)
      if (this.texts.length === before)
        throw new UserError(`There is no manifest in "${path}": names of manifests end with .yaml, .yml or .json`)
    } else {
      this.#file(path, false)
    }
  }

  #file(path: string, found: boolean): void {
    // A given path may be a link; a found one must not be, because another user may have made it.
    this.#keep({ file: path, text: readRegularFile(path, { maxBytes: maxFileBytes, followLinks: !found }), found })
  }

  async #folder(path: string, given: boolean): Promise<void> {
    const entries = onDisk(path, () => readdirSync(path, { withFileTypes: true })).toSorted((a, b) => (a.name < b.name ? -1 : 1))
    const kustomization = kustomizationOf(entries)
    if (kustomization !== undefined) {
      if (!given && isComponent(join(path, kustomization.name))) return
      this.#keep({ file: path, text: await this.#parts.kustomize(path), found: false, madeBy: 'kustomize' })
      return
    }
    if (entries.some(({ name }) => name === 'Chart.yaml')) {
      if (given)
        throw new UserError(`"${path}" is a Helm chart, whose files are templates; check it with: helm template ${path} | bulkhead check -`)
      this.charts.push(path)
      return
    }
    for (const entry of entries) {
      const inside = join(path, entry.name)
      if (entry.isDirectory() && !skipped.test(entry.name)) await this.#folder(inside, false)
      // Links are not followed: they can lead out of the folder, or in circles.
      else if (entry.isFile() && manifestFile.test(entry.name)) this.#file(inside, true)
    }
  }

  #keep(text: SourceText): void {
    this.#bytes += text.text.length
    this.texts.push(text)
    if (this.texts.length > maxFiles) throw new UserError(`There are more than ${maxFiles} files`)
    if (this.#bytes > maxTotalBytes) throw new UserError(`The files have more than ${maxTotalBytes} characters together`)
  }
}

function onDisk<T>(path: string, read: () => T): T {
  try {
    return read()
  } catch (err) {
    throw cannotRead(path, err)
  }
}

async function readBounded(stream: Readable): Promise<string> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of stream) {
    const buffer = Buffer.from(chunk)
    bytes += buffer.length
    if (bytes > maxFileBytes) throw new UserError(`stdin has more than ${maxFileBytes} bytes`)
    chunks.push(buffer)
  }
  return Buffer.concat(chunks).toString('utf8')
}
