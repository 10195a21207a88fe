// The resources that this server answers for, with the collection each is kept in, found by path segments without a search.
import type { KubeObject } from '../api/object.ts'
import { groupResource, groupVersion } from '../api/object.ts'
import type { ResourceDefinition, Subresource } from '../api/resource.ts'
import type { Named } from '../api/status.ts'
import type { Collection, Entry, EventType, Store, StoreEvent } from '../store/store.ts'

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
  /** Where objects are kept; throws for a virtual resource. Versions of one resource share it. */
  readonly collection: Collection
  readonly view: EntryView
  /** From the form of this version to the stored form. May change its argument. */
  toStored(object: KubeObject): KubeObject
}

/** How an entry looks in the version that is served. For the stored version all three are the store's own, uncopied. */
export interface EntryView {
  bytes(entry: Entry): Buffer
  /** Frozen. */
  object(entry: Entry): KubeObject
  frame(event: StoreEvent, type: EventType): Buffer
}

const storedView: EntryView = {
  bytes: entry => entry.bytes,
  object: entry => entry.object,
  frame: (event, type) => event.frame(type),
}

export interface ServedResources {
  /** `group/version/plural`; the core group is ''. */
  find(group: string, version: string, plural: string): ServedResource | undefined
  /** Any served version of a resource, the preferred one first. */
  byGroupResource(name: string): ServedResource | undefined
  byKind(apiVersion: string, kind: string): ServedResource | undefined
  /** Whether any resource of the group is served. */
  hasGroup(group: string): boolean
  readonly all: readonly ServedResource[]
}

/** Opens the collection of each resource. Definitions of one group and plural share the stored one's collection. */
export function serveResources(definitions: readonly ResourceDefinition[], store: Store): ServedResources {
  const byPath = new Map<string, ServedResource>()
  const byName = new Map<string, ServedResource>()
  const byKind = new Map<string, ServedResource>()
  const stored = new Map<string, ResourceDefinition>()
  for (const definition of definitions) {
    if (definition.virtual || definition.storedAs) continue
    stored.set(groupResource(definition.group, definition.plural), definition)
  }
  const all: ServedResource[] = []
  const versions = new Map<string, Map<string, ServedResource>>()
  for (const definition of definitions) {
    const resource = groupResource(definition.group, definition.plural)
    const siblings = versions.get(resource) ?? new Map<string, ServedResource>()
    versions.set(resource, siblings)
    const served = serve(definition, store, stored, siblings)
    siblings.set(served.apiVersion, served)
    all.push(served)
    byPath.set(pathKey(definition.group, definition.version, definition.plural), served)
    byKind.set(`${served.apiVersion}/${definition.kind}`, served)
    const name = groupResource(definition.group, definition.plural)
    if (!byName.has(name) || !definition.storedAs) byName.set(name, served)
  }
  return {
    all,
    find: (group, version, plural) => byPath.get(pathKey(group, version, plural)),
    hasGroup: group => all.some(({ definition }) => definition.group === group),
    byGroupResource: name => byName.get(name),
    byKind: (apiVersion, kind) => byKind.get(`${apiVersion}/${kind}`),
  }
}

function pathKey(group: string, version: string, plural: string): string {
  return `${group}/${version}/${plural}`
}

function serve(
  definition: ResourceDefinition,
  store: Store,
  stored: ReadonlyMap<string, ResourceDefinition>,
  versions: ReadonlyMap<string, ServedResource>,
): ServedResource {
  const { storedAs } = definition
  const storedName = groupResource(storedAs?.group ?? definition.group, definition.plural)
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
    view: storedAs ? convertedView(storedAs.fromStored) : storedView,
    toStored: storedAs ? object => storedAs.toStored(object) : object => object,
  }
}

function open(store: Store, name: string, keeper: ResourceDefinition): Collection {
  const { selectableFields } = keeper
  return store.collection({
    groupResource: name,
    ...(selectableFields ? { fieldsOf: (object: KubeObject) => selectableFields(object) } : {}),
    ...(name === 'pods' ? { indexedFields: ['spec.nodeName'] } : {}),
  })
}

/** Converts once an entry and keeps the outcome as long as the entry lives. */
function convertedView(fromStored: (object: KubeObject) => KubeObject): EntryView {
  const converted = new WeakMap<Entry, { object: KubeObject; bytes: Buffer }>()
  const of = (entry: Entry) => {
    let found = converted.get(entry)
    if (found === undefined) {
      const object = deepFreeze(fromStored(structuredClone(entry.object)))
      found = { object, bytes: Buffer.from(JSON.stringify(object)) }
      converted.set(entry, found)
    }
    return found
  }
  return {
    bytes: entry => of(entry).bytes,
    object: entry => of(entry).object,
    frame: (event, type) => frame(type, of(event.entryAs(type)).bytes),
  }
}

function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value)
    for (const child of Object.values(value)) deepFreeze(child)
  }
  return value
}

const newline = Buffer.from('}\n')

/** A watch event around an object's bytes. */
export function frame(type: EventType | 'BOOKMARK' | 'ERROR', object: Buffer): Buffer {
  return Buffer.concat([Buffer.from(`{"type":"${type}","object":`), object, newline])
}
