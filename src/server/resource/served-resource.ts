// The resources that this server serves, each with the collection of the store that keeps its objects.
import type { KubeObject } from '../../api/object.ts'
import { groupResource, groupVersion } from '../../api/object.ts'
import type { ResourceDefinition, Subresource } from '../../api/resources/resource.ts'
import type { Named } from '../../api/status.ts'
import type { Collection, Store } from '../../store/store.ts'
import type { Conversion } from './conversion.ts'
import { computedView, convertedView, type EntryView, storedView } from './entry-view.ts'
import { ServedIndex } from './served-index.ts'

export interface ServedResource {
  readonly definition: ResourceDefinition
  /** `v1`, `apps/v1`. */
  readonly apiVersion: string
  readonly named: Named
  /** `deployments.apps`. */
  readonly groupResource: string
  readonly subresources: ReadonlyMap<string, Subresource<KubeObject>>
  /** Every served version of the resource in its group, this one included, by `apiVersion`. */
  readonly versions: ReadonlyMap<string, ServedResource>
  /** The collection of the objects; throws for a virtual resource. Versions of one resource share it. */
  readonly collection: Collection
  readonly view: EntryView
  /** Converts from this version to the stored version. May change its argument. */
  toStored(object: KubeObject): KubeObject
  /** Set if a webhook converts the versions. It must be called before entries are viewed and objects stored. */
  readonly conversion?: Conversion
  /** `retired` once the resource is no longer served in this form; running requests check it. */
  readonly life: { retired: boolean }
  /** Counters for the metrics. */
  readonly sent: { watchEvents: number }
}

export interface ServedResources {
  /** `group/version/plural`; the core group is ''. */
  find(group: string, version: string, plural: string): ServedResource | undefined
  /** A served version of a resource, the preferred one if possible. */
  byGroupResource(name: string): ServedResource | undefined
  byKind(apiVersion: string, kind: string): ServedResource | undefined
  /** Whether the group has built-in resources, whose paths are routed. Other groups belong to definitions or to nobody. */
  hasBuiltInGroup(group: string): boolean
  /** A new array after each change. */
  readonly all: readonly ServedResource[]
  /** The listener is called synchronously after each change, but not for initial resources. */
  onChange(listener: (change: ResourceChange) => void): void
}

export interface ResourceChange {
  readonly group: string
  /** The versions of the group that gained, lost or changed a resource. */
  readonly versions: readonly string[]
  /** Resources that are no longer served or changed: their watches end. */
  readonly retired: readonly ServedResource[]
}

/** Resources that definitions add and remove at run time. Built-in ones never change and take precedence. */
export interface ChangingResources extends ServedResources {
  /**
   * Replaces the served versions of a resource by those that `serve` returns; an empty list removes the resource. `current` returns what is served
   * of the resource at the time of the call.
   */
  replace(group: string, plural: string, serve: (current: () => ServedResource | undefined) => readonly ServedResource[]): void
}

/** Opens the collection of each resource. Definitions with the same group and plural share the collection of the stored version. */
export function serveResources(definitions: readonly ResourceDefinition[], store: Store): ChangingResources {
  const builtIn = new ServedIndex()
  const stored = new Map<string, ResourceDefinition>()
  for (const definition of definitions) {
    if (definition.virtual || definition.storedAs || definition.projectionOf) continue
    stored.set(groupResource(definition.group, definition.plural), definition)
  }
  const versions = new Map<string, Map<string, ServedResource>>()
  for (const definition of definitions) {
    const resource = groupResource(definition.group, definition.plural)
    const siblings = versions.get(resource) ?? new Map<string, ServedResource>()
    versions.set(resource, siblings)
    const served = serveBuiltIn(definition, store, stored, siblings)
    siblings.set(served.apiVersion, served)
    builtIn.add(served)
  }
  const custom = new ServedIndex()
  const listeners: ((change: ResourceChange) => void)[] = []
  let all: readonly ServedResource[] = [...builtIn.all]
  return {
    get all() {
      return all
    },
    find: (group, version, plural) => builtIn.find(group, version, plural) ?? custom.find(group, version, plural),
    hasBuiltInGroup: group => builtIn.hasGroup(group),
    byGroupResource: name => builtIn.byGroupResource(name) ?? custom.byGroupResource(name),
    byKind: (apiVersion, kind) => builtIn.byKind(apiVersion, kind) ?? custom.byKind(apiVersion, kind),
    onChange: listener => listeners.push(listener),
    replace(group, plural, serve) {
      const name = groupResource(group, plural)
      if (versions.has(name)) throw new Error(`${name} is built in and cannot be replaced`)
      const retired = custom.remove(name)
      for (const served of retired) served.life.retired = true
      const next = serve(() => custom.byGroupResource(name))
      // Definitions may always have new names, so a removed resource must leave as little as possible.
      if (next.length === 0) retired[0]?.collection.forgetPast()
      for (const served of next) custom.add(served)
      all = [...builtIn.all, ...custom.all]
      const changed = [
        ...new Set([...retired.map(({ definition }) => definition.version), ...next.map(({ definition }) => definition.version)]),
      ]
      for (const listener of listeners) listener({ group, versions: changed, retired })
    },
  }
}

function serveBuiltIn(
  definition: ResourceDefinition,
  store: Store,
  stored: ReadonlyMap<string, ResourceDefinition>,
  versions: ReadonlyMap<string, ServedResource>,
): ServedResource {
  const { storedAs, projectionOf } = definition
  const storedName = groupResource(projectionOf?.group ?? storedAs?.group ?? definition.group, projectionOf?.plural ?? definition.plural)
  const keeper = stored.get(storedName) ?? definition
  const collection = definition.virtual ? undefined : open(store, storedName, keeper)
  return {
    definition,
    apiVersion: groupVersion(definition.group, definition.version),
    named: { group: definition.group, plural: definition.plural },
    groupResource: groupResource(definition.group, definition.plural),
    subresources: new Map(definition.subresources.map(s => [s.name, s])),
    versions,
    get collection() {
      if (collection === undefined) throw new Error(`resource ${storedName} is virtual and has no collection`)
      return collection
    },
    view: viewOf(definition),
    toStored: storedAs ? object => storedAs.toStored(object) : object => object,
    life: { retired: false },
    sent: { watchEvents: 0 },
  }
}

function viewOf({ storedAs, projectionOf }: ResourceDefinition): EntryView {
  if (projectionOf) return computedView(({ object }) => projectionOf.view(object))
  return storedAs ? convertedView(storedAs.fromStored) : storedView
}

function open(store: Store, name: string, keeper: ResourceDefinition): Collection {
  const { values, indexed } = keeper.fieldSelectors ?? {}
  return store.collection({
    groupResource: name,
    ...(values ? { fieldsOf: (object: KubeObject) => values(object) } : {}),
    ...(indexed ? { indexedFields: indexed } : {}),
  })
}
