// Follows the APIServices, and looks up those of other servers by group and version.
import { groupVersion } from '../../../api/object.ts'
import type { Logger } from '../../../base/log.ts'
import { followChanges } from '../../../store/follow-changes.ts'
import type { Collection, Entry } from '../../../store/store.ts'
import type { ServedResources } from '../../resource/served-resource.ts'
import { type ApiServiceObject, type RegisteredApi, registeredApi } from './registered-api.ts'

const apiServicesName = 'apiservices.apiregistration.k8s.io'

export interface ApiServiceChange {
  /** Name of the APIService. */
  readonly name: string
  /** The registration; undefined if there was none or this server itself. */
  readonly before: RegisteredApi | undefined
  readonly after: RegisteredApi | undefined
}

export class ApiServiceIndex {
  readonly #collection: Collection | undefined
  readonly #byName = new Map<string, RegisteredApi>()
  readonly #byGroupVersion = new Map<string, RegisteredApi>()
  readonly #groups = new Map<string, number>()
  readonly #listeners: ((change: ApiServiceChange) => void)[] = []
  readonly #reserved: ReadonlySet<string>

  /** `reserved`: group versions that this server always answers itself. */
  constructor(resources: ServedResources, reserved: ReadonlySet<string>) {
    this.#collection = resources.byGroupResource(apiServicesName)?.collection
    this.#reserved = reserved
  }

  /** Reports the existing APIServices and every change, until the signal. */
  follow(log: Logger, signal: AbortSignal): void {
    if (this.#collection === undefined) return
    const { entries, revision } = this.#collection.list({})
    for (const entry of entries) this.#look(entry.name, entry)
    followChanges(this.#collection, { after: revision, signal, log }, ({ type, event: { entry } }) =>
      this.#look(entry.name, type === 'DELETED' ? undefined : entry),
    )
  }

  onChange(listener: (change: ApiServiceChange) => void): void {
    this.#listeners.push(listener)
  }

  find(group: string, version: string): RegisteredApi | undefined {
    return this.#byGroupVersion.size === 0 ? undefined : this.#byGroupVersion.get(groupVersion(group, version))
  }

  hasGroup(group: string): boolean {
    return this.#groups.has(group)
  }

  named(name: string): RegisteredApi | undefined {
    return this.#byName.get(name)
  }

  get all(): Iterable<RegisteredApi> {
    return this.#byName.values()
  }

  entry(name: string): Entry | undefined {
    return this.#collection?.get('', name)
  }

  #look(name: string, entry: Entry | undefined): void {
    const before = this.#byName.get(name)
    const registered = entry && registeredApi(entry.object as ApiServiceObject)
    const after = registered && !this.#reserved.has(groupVersion(registered.group, registered.version)) ? registered : undefined
    if (before !== undefined) {
      this.#byName.delete(name)
      this.#byGroupVersion.delete(groupVersion(before.group, before.version))
      this.#count(before.group, -1)
    }
    if (after !== undefined) {
      this.#byName.set(name, after)
      this.#byGroupVersion.set(groupVersion(after.group, after.version), after)
      this.#count(after.group, 1)
    }
    for (const listener of this.#listeners) listener({ name, before, after })
  }

  #count(group: string, by: number): void {
    const count = (this.#groups.get(group) ?? 0) + by
    if (count === 0) this.#groups.delete(group)
    else this.#groups.set(group, count)
  }
}
