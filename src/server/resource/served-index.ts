// Looks up served resources by path segments, by name and by kind.
import { groupResource } from '../../api/object.ts'
import type { ServedResource } from './served-resource.ts'

export class ServedIndex {
  readonly #byPath = new Map<string, ServedResource>()
  readonly #byName = new Map<string, ServedResource>()
  readonly #byKind = new Map<string, ServedResource>()
  /** The number of resources of each group. */
  readonly #groups = new Map<string, number>()

  get all(): Iterable<ServedResource> {
    return this.#byPath.values()
  }

  add(served: ServedResource): void {
    const { definition } = served
    this.#byPath.set(pathKey(definition.group, definition.version, definition.plural), served)
    this.#byKind.set(`${served.apiVersion}/${definition.kind}`, served)
    const name = groupResource(definition.group, definition.plural)
    if (!this.#byName.has(name) || !definition.storedAs) this.#byName.set(name, served)
    this.#groups.set(definition.group, (this.#groups.get(definition.group) ?? 0) + 1)
  }

  /** Removes all versions of a resource and returns them. */
  remove(name: string): ServedResource[] {
    const versions = [...(this.#byName.get(name)?.versions.values() ?? [])]
    for (const { definition, apiVersion } of versions) {
      this.#byPath.delete(pathKey(definition.group, definition.version, definition.plural))
      this.#byKind.delete(`${apiVersion}/${definition.kind}`)
      const left = (this.#groups.get(definition.group) ?? 1) - 1
      if (left === 0) this.#groups.delete(definition.group)
      else this.#groups.set(definition.group, left)
    }
    this.#byName.delete(name)
    return versions
  }

  find(group: string, version: string, plural: string): ServedResource | undefined {
    return this.#byPath.get(pathKey(group, version, plural))
  }

  byGroupResource(name: string): ServedResource | undefined {
    return this.#byName.get(name)
  }

  byKind(apiVersion: string, kind: string): ServedResource | undefined {
    return this.#byKind.get(`${apiVersion}/${kind}`)
  }

  hasGroup(group: string): boolean {
    return this.#groups.has(group)
  }
}

function pathKey(group: string, version: string, plural: string): string {
  return `${group}/${version}/${plural}`
}
