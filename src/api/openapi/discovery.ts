// Discovery documents (/api, /apis, aggregated and plain) as pure functions of the resources that are served.
import { createHash } from 'node:crypto'
import { groupVersion } from '../object.ts'
import type { ResourceDefinition, Subresource } from '../resources/resource.ts'
import type { DiscoveredResource } from './discovered-resources.ts'

/** The fields of a resource that discovery needs. */
export type DiscoverableResource = Pick<
  ResourceDefinition,
  | 'group'
  | 'version'
  | 'kind'
  | 'plural'
  | 'singular'
  | 'listKind'
  | 'namespaced'
  | 'shortNames'
  | 'categories'
  | 'verbs'
  | 'subresources'
  | 'storedAs'
  | 'virtual'
  | 'deletion'
  | 'custom'
  | 'fieldSelectors'
>

/** Upstream's order of groups (groupPriorityMinimum of their APIServices); custom groups follow by name. */
export const groupPriorities: Readonly<Record<string, number>> = {
  '': 18000,
  'apiregistration.k8s.io': 18000,
  apps: 17800,
  'events.k8s.io': 17750,
  'authentication.k8s.io': 17700,
  'authorization.k8s.io': 17600,
  autoscaling: 17500,
  batch: 17400,
  'certificates.k8s.io': 17300,
  'networking.k8s.io': 17200,
  policy: 17100,
  'rbac.authorization.k8s.io': 17000,
  'storage.k8s.io': 16800,
  'admissionregistration.k8s.io': 16700,
  'apiextensions.k8s.io': 16700,
  'scheduling.k8s.io': 16600,
  'coordination.k8s.io': 16500,
  'node.k8s.io': 16300,
  'discovery.k8s.io': 16200,
  'flowcontrol.apiserver.k8s.io': 16100,
}

/** As upstream registers the groups of CustomResourceDefinitions. */
export const customPriority = { group: 1000, version: 100 } as const
/** The priority of most built-in versions; they are in Kubernetes' order of versions. */
const builtInVersionPriority = 15

/** A group version of another server, with the priority of its APIService and its own description. */
export interface ForeignVersion {
  readonly group: string
  readonly version: string
  readonly groupPriority: number
  readonly versionPriority: number
  /** The last report; empty if there was none. */
  readonly resources: readonly DiscoveredResource[]
  /** Whether its server answered the last time. */
  readonly fresh: boolean
}

export interface ServedGroup {
  readonly group: string
  readonly versions: string[]
}

/** Groups in upstream's order, each with its versions, the preferred one first. */
export function servedGroups(resources: readonly DiscoverableResource[], foreign: readonly ForeignVersion[] = []): ServedGroup[] {
  const groups = new Map<string, { rank: number; readonly versions: Map<string, number> }>()
  const rank = (group: string, groupPriority: number, version: string, versionPriority: number) => {
    const known = groups.get(group) ?? { rank: groupPriority, versions: new Map<string, number>() }
    groups.set(group, known)
    known.rank = Math.max(known.rank, groupPriority)
    known.versions.set(version, versionPriority)
  }
  for (const { group, version, custom } of resources)
    rank(
      group,
      groupPriorities[group] ?? customPriority.group,
      version,
      custom === undefined ? builtInVersionPriority : customPriority.version,
    )
  for (const { group, version, groupPriority, versionPriority } of foreign) rank(group, groupPriority, version, versionPriority)
  return [...groups]
    .sort(([a, left], [b, right]) => right.rank - left.rank || (a < b ? -1 : 1))
    .map(([group, { versions }]) => ({
      group,
      versions: [...versions].sort(([a, left], [b, right]) => right - left || byVersion(a, b)).map(([version]) => version),
    }))
}

/** Kubernetes' order of versions: stable before beta before alpha, higher numbers first; other names last, by name. */
export function byVersion(a: string, b: string): number {
  const rank = (version: string): [number, number, number] => {
    const match = /^v(\d+)(?:(alpha|beta)(\d+))?$/.exec(version)
    if (match === null) return [0, 0, 0]
    const stability = match[2] === undefined ? 3 : match[2] === 'beta' ? 2 : 1
    return [stability, Number(match[1]), Number(match[3] ?? 0)]
  }
  const [left, right] = [rank(a), rank(b)]
  for (const place of [0, 1, 2] as const) if (left[place] !== right[place]) return right[place] - left[place]
  return a < b ? -1 : a > b ? 1 : 0
}

/** `/api`. `serverAddress` is `host:port`. */
export function apiVersions(serverAddress: string): object {
  return { kind: 'APIVersions', versions: ['v1'], serverAddressByClientCIDRs: [{ clientCIDR: '0.0.0.0/0', serverAddress }] }
}

/** `/apis`. */
export function apiGroupList(resources: readonly DiscoverableResource[], foreign: readonly ForeignVersion[] = []): object {
  const groups = servedGroups(resources, foreign).filter(({ group }) => group !== '')
  return { kind: 'APIGroupList', apiVersion: 'v1', groups: groups.map(groupEntry) }
}

/** `/apis/{group}`; undefined if the group is not served. */
export function apiGroup(
  resources: readonly DiscoverableResource[],
  group: string,
  foreign: readonly ForeignVersion[] = [],
): object | undefined {
  const found = servedGroups(resources, foreign).find(served => served.group === group && group !== '')
  return found === undefined ? undefined : { kind: 'APIGroup', apiVersion: 'v1', ...groupEntry(found) }
}

function groupEntry({ group, versions }: ServedGroup): object {
  const entries = versions.map(version => ({ groupVersion: groupVersion(group, version), version }))
  return { name: group, versions: entries, preferredVersion: entries[0] }
}

/** `/api/v1`, `/apis/{group}/{version}`; undefined if nothing of it is served. */
export function apiResourceList(resources: readonly DiscoverableResource[], group: string, version: string): object | undefined {
  const own = resourcesOf(resources, group, version)
  if (own.length === 0) return undefined
  return {
    kind: 'APIResourceList',
    ...(group === '' ? {} : { apiVersion: 'v1' }),
    groupVersion: groupVersion(group, version),
    resources: own.flatMap(resource => [
      resourceEntry(resource),
      ...sortedSubresources(resource).map(sub => subresourceEntry(resource, sub)),
    ]),
  }
}

function resourcesOf(resources: readonly DiscoverableResource[], group: string, version: string): DiscoverableResource[] {
  return resources
    .filter(resource => resource.group === group && resource.version === version)
    .sort((a, b) => (a.plural < b.plural ? -1 : a.plural > b.plural ? 1 : 0))
}

/** By name; the status of a custom resource comes first. */
function sortedSubresources({ subresources, custom }: DiscoverableResource): Subresource<never>[] {
  const direction = custom === undefined ? 1 : -1
  return [...subresources].sort((a, b) => (a.name < b.name ? -direction : direction))
}

function resourceEntry(resource: DiscoverableResource): object {
  return {
    name: resource.plural,
    singularName: resource.singular,
    namespaced: resource.namespaced,
    kind: resource.kind,
    verbs: verbsOf(resource),
    ...(resource.shortNames.length === 0 ? {} : { shortNames: resource.shortNames }),
    ...(resource.categories.length === 0 ? {} : { categories: resource.categories }),
    ...(resource.virtual ? {} : { storageVersionHash: storageVersionHash(resource) }),
  }
}

/** Upstream's order of a custom resource's subresources. */
const customVerbs = ['delete', 'deletecollection', 'get', 'list', 'patch', 'create', 'update', 'watch'] as const

function verbsOf({ verbs, custom }: DiscoverableResource): readonly string[] {
  if (custom === undefined) return [...verbs].sort()
  // If no objects can be created, patches and updates exist only to remove what is left, and are not published.
  const ends = !verbs.includes('create')
  return customVerbs.filter(verb => verbs.includes(verb) && !(ends && (verb === 'patch' || verb === 'update')))
}

/** Changes with the stored form: the first eight bytes of a hash of the stored group, version and kind. */
function storageVersionHash({ group, version, kind, storedAs }: DiscoverableResource): string {
  const text = `${storedAs?.group ?? group}/${storedAs?.version ?? version}/${kind}`
  return createHash('sha256').update(text).digest().subarray(0, 8).toString('base64')
}

function subresourceEntry(resource: DiscoverableResource, sub: Subresource<never>): object {
  return {
    name: `${resource.plural}/${sub.name}`,
    singularName: '',
    namespaced: resource.namespaced,
    ...foreignGroupVersion(resource, sub),
    kind: sub.kind?.kind ?? resource.kind,
    verbs: [...sub.verbs].sort(),
  }
}

/** Group and version of a body, only if they differ from those of the document. */
function foreignGroupVersion(resource: DiscoverableResource, { kind }: Subresource<never>): { group?: string; version?: string } {
  if (kind === undefined || (kind.group === resource.group && kind.version === resource.version)) return {}
  return { group: kind.group, version: kind.version }
}

/** `/api` (`core`) or `/apis` (`groups`), if the client accepts `APIGroupDiscoveryList` of apidiscovery.k8s.io. */
export function aggregatedDiscovery(
  resources: readonly DiscoverableResource[],
  part: 'core' | 'groups',
  version: 'v2' | 'v2beta1',
  foreign: readonly ForeignVersion[] = [],
): object {
  const others = new Map(foreign.map(one => [groupVersion(one.group, one.version), one]))
  const groups = servedGroups(resources, foreign).filter(({ group }) => (group === '') === (part === 'core'))
  return {
    kind: 'APIGroupDiscoveryList',
    apiVersion: `apidiscovery.k8s.io/${version}`,
    metadata: {},
    items: groups.map(({ group, versions }) => ({
      metadata: group === '' ? {} : { name: group },
      versions: versions.map(served => {
        const other = others.get(groupVersion(group, served))
        if (other === undefined)
          return { version: served, resources: resourcesOf(resources, group, served).map(discoveredResource), freshness: 'Current' }
        const known = other.resources.length === 0 ? {} : { resources: other.resources }
        return { version: served, ...known, freshness: other.fresh ? 'Current' : 'Stale' }
      }),
    })),
  }
}

function discoveredResource(resource: DiscoverableResource): object {
  // Upstream names the group only of custom kinds; others have the document's.
  const { group, version } = resource.custom === undefined ? { group: '', version: '' } : resource
  return {
    resource: resource.plural,
    responseKind: { group, version, kind: resource.kind },
    scope: resource.namespaced ? 'Namespaced' : 'Cluster',
    singularResource: resource.singular,
    verbs: verbsOf(resource),
    ...(resource.shortNames.length === 0 ? {} : { shortNames: resource.shortNames }),
    ...(resource.categories.length === 0 ? {} : { categories: resource.categories }),
    ...(resource.subresources.length === 0
      ? {}
      : {
          subresources: sortedSubresources(resource).map(sub => ({
            subresource: sub.name,
            responseKind: { group, version, ...foreignGroupVersion(resource, sub), kind: sub.kind?.kind ?? resource.kind },
            verbs: [...sub.verbs].sort(),
          })),
        }),
  }
}
