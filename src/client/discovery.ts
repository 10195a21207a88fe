// The resources that the server serves, in its preferred versions.
import { groupVersion } from '../api/object.ts'
import type { Client } from './client.ts'
import type { ResourceRef } from './resource-ref.ts'

export interface ServedResource extends ResourceRef {
  readonly verbs: readonly string[]
  readonly shortNames: readonly string[]
}

export interface Discovery {
  readonly resources: readonly ServedResource[]
  /** Group versions that did not answer: their resources are unknown, not absent. */
  readonly failed: readonly { readonly groupVersion: string; readonly err: unknown }[]
}

interface GroupList {
  readonly groups?: readonly {
    readonly preferredVersion?: { readonly groupVersion: string }
    readonly versions?: readonly { readonly groupVersion: string }[]
  }[]
}

interface ResourceList {
  readonly resources?: readonly {
    readonly name: string
    readonly kind: string
    readonly namespaced: boolean
    readonly verbs?: readonly string[]
    readonly shortNames?: readonly string[]
  }[]
}

interface AggregatedList {
  readonly kind?: string
  readonly items?: readonly {
    readonly metadata?: { readonly name?: string }
    readonly versions?: readonly {
      readonly version: string
      readonly freshness?: string
      readonly resources?: readonly {
        readonly resource: string
        readonly responseKind?: { readonly kind: string }
        readonly scope: string
        readonly verbs?: readonly string[]
        readonly shortNames?: readonly string[]
      }[]
    }[]
  }[]
}

const aggregated = 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json'

/**
 * One request for all groups, so that unavailable aggregated servers cause no delay; if the server does not support it, one for each
 * version. A resource is taken from the first version that has it, preferred versions first.
 */
export async function discover(client: Client, signal: AbortSignal): Promise<Discovery> {
  const groups = await client.getPath<AggregatedList & GroupList>('/apis', signal, aggregated)
  if (groups.kind !== 'APIGroupDiscoveryList') return await discoverEach(client, groups, signal)
  const core = await client.getPath<AggregatedList>('/api', signal, aggregated)
  const failed: { groupVersion: string; err: unknown }[] = []
  const found = new Map<string, ServedResource>()
  for (const { metadata, versions = [] } of [...(core.items ?? []), ...(groups.items ?? [])]) {
    const group = metadata?.name ?? ''
    for (const { version, freshness, resources = [] } of versions) {
      if (freshness === 'Stale') {
        const name = groupVersion(group, version)
        failed.push({ groupVersion: name, err: new Error(`stale GroupVersion discovery: ${name}`) })
        continue
      }
      for (const { resource, responseKind, scope, verbs = [], shortNames = [] } of resources) {
        const key = `${resource}.${group}`
        if (found.has(key)) continue
        const kind = responseKind?.kind ?? ''
        found.set(key, { group, version, plural: resource, kind, namespaced: scope === 'Namespaced', verbs, shortNames })
      }
    }
  }
  return { resources: [...found.values()], failed }
}

async function discoverEach(client: Client, { groups = [] }: GroupList, signal: AbortSignal): Promise<Discovery> {
  const preferred = groups.flatMap(({ preferredVersion }) => (preferredVersion === undefined ? [] : [preferredVersion.groupVersion]))
  const others = groups.flatMap(({ versions = [] }) => versions.map(({ groupVersion }) => groupVersion))
  const failed: { groupVersion: string; err: unknown }[] = []
  const found = new Map<string, ServedResource>()
  const lists = ['v1', ...new Set([...preferred, ...others])].map(async name => {
    try {
      const path = name === 'v1' ? '/api/v1' : `/apis/${name}`
      return { name, list: await client.getPath<ResourceList>(path, signal) }
    } catch (err) {
      signal.throwIfAborted()
      failed.push({ groupVersion: name, err })
      return { name, list: {} }
    }
  })
  for (const { name: served, list } of await Promise.all(lists)) {
    const slash = served.indexOf('/')
    const group = slash === -1 ? '' : served.slice(0, slash)
    for (const { name, kind, namespaced, verbs = [], shortNames = [] } of list.resources ?? []) {
      const key = `${name}.${group}`
      if (name.includes('/') || found.has(key)) continue
      found.set(key, { group, version: served.slice(slash + 1), plural: name, kind, namespaced, verbs, shortNames })
    }
  }
  return { resources: [...found.values()], failed }
}
