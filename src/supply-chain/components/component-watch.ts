// Reads a node's components, and compares them with those of its start. Files are hashed again only when they were touched, and all of them hourly.
import { execFile } from 'node:child_process'
import { constants } from 'node:fs'
import { access, readdir, realpath, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { Clock } from '../../base/clock.ts'
import { pause } from '../../base/clock.ts'
import { readTextIfThere } from '../../base/files/read-text.ts'
import type { Logger } from '../../base/log.ts'
import { parseOsRelease } from '../packages/os-release.ts'
import { readFiles } from '../release/read-files.ts'
import { acceptedByRestart, driftOf } from './compare-components.ts'
import {
  type Component,
  type ComponentPackage,
  componentPolicyAnnotation,
  componentsAnnotation,
  holdsComponents,
  readComponents,
} from './component.ts'

export interface ComponentPlaces {
  /** Names and where each may be: the first that is there counts. */
  readonly programs: readonly { readonly name: string; readonly paths: readonly string[] }[]
  /** Files, and folders whose files count. */
  readonly configurations: readonly { readonly name: string; readonly path: string }[]
  readonly clock: Clock
  readonly log: Logger
  /** Which Debian packages brought files, by path. Default: asks dpkg. */
  packagesOf?(paths: readonly string[]): Promise<ReadonlyMap<string, ComponentPackage>>
}

/** How a change since the last run is accepted. */
const acceptedByPolicy = `set the annotation ${componentPolicyAnnotation}=Accept on the Node and restart it to accept it`

export const lookMs = 30_000
const wholeMs = 3_600_000
/** A statically linked runtime has some 50 MB, Node 130 MB. */
const maxBytes = 1024 ** 3

export class ComponentWatch {
  readonly #places: ComponentPlaces
  readonly #hashes = new Map<string, { readonly touched: string; readonly sha256: string }>()
  #first: readonly Component[] | undefined
  #held: readonly Component[] = []
  #now: readonly Component[] = []
  #wholeAt = 0

  constructor(places: ComponentPlaces) {
    this.#places = places
  }

  get components(): readonly Component[] {
    return this.#now
  }

  /** What the Node shall have recorded: while programs are held and changed, those that are held. */
  get recorded(): readonly Component[] {
    return this.#held.length > 0 && this.#first !== undefined && this.drift.length > 0 ? this.#first : this.#now
  }

  /** Sentences; empty as long as all is as it was at the first look, or as the programs that are held. */
  get drift(): readonly string[] {
    if (this.#first === undefined) return []
    return driftOf(this.#first, this.#now, this.#held.length > 0 ? acceptedByPolicy : acceptedByRestart)
  }

  /** To be called before the first look: programs are compared with these. Configurations are written anew at each start, so they are not. */
  hold(before: readonly Component[]): void {
    this.#held = before.filter(({ name }) => !this.#isConfiguration(name))
  }

  /** By the annotations of the Node: holds the programs of the run before, unless its policy accepts changes. */
  holdRecorded(annotations: Readonly<Record<string, string>> = {}): void {
    if (holdsComponents(annotations[componentPolicyAnnotation])) this.hold(readComponents(annotations[componentsAnnotation]))
  }

  /** The first look says what counts as unchanged. */
  async look(): Promise<void> {
    const { clock } = this.#places
    if (clock.monotonic() - this.#wholeAt > wholeMs) {
      this.#hashes.clear()
      this.#wholeAt = clock.monotonic()
    }
    const found = [...(await this.#programs()), ...(await this.#configurations())]
    if (sameHashes(found, this.#now)) return
    const packages = await (this.#places.packagesOf ?? debianPackages)(found.map(({ path }) => path))
    this.#now = found.map(component => {
      const from = packages.get(component.path)
      return from === undefined ? component : { ...component, package: from }
    })
    this.#first ??= this.#held.length === 0 ? this.#now : [...this.#held, ...this.#now.filter(({ name }) => this.#isConfiguration(name))]
  }

  /** Files of a folder have its name and theirs. */
  #isConfiguration(name: string): boolean {
    return this.#places.configurations.some(each => name === each.name || name.startsWith(`${each.name} `))
  }

  /** Resolves when the signal has stopped it. `changed` is called after each look that found another drift. */
  async run(signal: AbortSignal, changed: () => Promise<void>): Promise<void> {
    const { clock, log } = this.#places
    while (!signal.aborted) {
      const before = this.drift.join('\n')
      try {
        await pause(clock, lookMs, signal)
        if (signal.aborted) return
        await this.look()
        if (this.drift.join('\n') === before) continue
        if (this.drift.length > 0) log.error('components changed under the running node', { drift: this.drift })
        await changed()
      } catch (err) {
        if (!signal.aborted) log.error('components not read', { err })
      }
    }
  }

  async #programs(): Promise<Component[]> {
    const found = await Promise.all(
      this.#places.programs.map(async ({ name, paths }) => {
        for (const path of paths)
          if (
            await access(path, constants.X_OK).then(
              () => true,
              () => false,
            )
          )
            return await this.#component(name, await realpath(path))
        return undefined
      }),
    )
    return found.filter(component => component !== undefined)
  }

  async #configurations(): Promise<Component[]> {
    const components: Component[] = []
    for (const { name, path } of this.#places.configurations) {
      const about = await stat(path).catch(() => undefined)
      if (about === undefined) continue
      const files = about.isDirectory() ? (await readdir(path)).toSorted().map(file => join(path, file)) : [path]
      for (const file of files)
        components.push(await this.#component(about.isDirectory() ? `${name} ${file.slice(path.length + 1)}` : name, file))
    }
    return components
  }

  async #component(name: string, path: string): Promise<Component> {
    const { ino, size, mtimeNs, ctimeNs } = await stat(path, { bigint: true })
    const touched = `${ino} ${size} ${mtimeNs} ${ctimeNs}`
    const known = this.#hashes.get(path)
    if (known?.touched === touched) return { name, path, sha256: known.sha256 }
    const [file] = await readFiles('/', [path.slice(1)], maxBytes)
    const sha256 = file === undefined || 'problem' in file ? (file?.problem ?? 'unreadable') : file.sha256
    this.#hashes.set(path, { touched, sha256 })
    return { name, path, sha256 }
  }
}

const sameHashes = (a: readonly Component[], b: readonly Component[]): boolean =>
  a.length === b.length && a.every(({ name, path, sha256 }, at) => b[at]?.name === name && b[at]?.path === path && b[at]?.sha256 === sha256)

/** By path; empty without dpkg. */
async function debianPackages(paths: readonly string[]): Promise<ReadonlyMap<string, ComponentPackage>> {
  const owners = new Map<string, string>()
  for (const line of (await dpkgQuery(['--search', ...paths])).split('\n')) {
    const [, name, path] = /^([a-z0-9.+-]+)(?::[a-z0-9]+)?: (\/.*)$/.exec(line) ?? []
    if (name !== undefined && path !== undefined && paths.includes(path)) owners.set(path, name)
  }
  if (owners.size === 0) return new Map()
  const packages = new Map<string, ComponentPackage>()
  const distribution = parseOsRelease((await readTextIfThere('/etc/os-release')) ?? '')
  // biome-ignore lint/suspicious/noTemplateCurlyInString: dpkg-query's own notation
  const format = '--showformat=${Package} ${Version} ${source:Package} ${source:Version}\\n'
  for (const line of (await dpkgQuery(['--show', format, ...new Set(owners.values())])).split('\n')) {
    const [name, version, source, sourceVersion] = line.split(' ')
    if (!name || !version) continue
    packages.set(name, {
      ...{ name, version },
      ...(source && sourceVersion ? { source: { name: source, version: sourceVersion } } : {}),
      ...(distribution === undefined ? {} : { distribution }),
    })
  }
  return new Map([...owners].map(([path, name]) => [path, packages.get(name) ?? { name, version: '' }]))
}

async function dpkgQuery(words: readonly string[]): Promise<string> {
  try {
    return (await promisify(execFile)('dpkg-query', [...words], { env: { PATH: '/usr/bin:/bin', LC_ALL: 'C' } })).stdout
  } catch (err) {
    // It fails if one of the files belongs to no package, and says which the others belong to.
    return typeof err === 'object' && err !== null && 'stdout' in err && typeof err.stdout === 'string' ? err.stdout : ''
  }
}
