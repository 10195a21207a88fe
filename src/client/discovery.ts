// Which resources the server serves, in the version that it prefers.
import type { Client } from './client.ts'
import type { ResourceRef } from './resource-ref.ts'

export interface ServedResource extends ResourceRef {
  readonly verbs: readonly string[]
  readonly shortNames: readonly string[]
}

export interface Discovery {
  readonly resources: readonly ServedResource[]
  /** Group versions that did not answer: what they serve is unknown, not absent. */
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

/** All versions of all groups are asked, and a resource is taken in the first that has it, preferred ones first. */
export async function discover(client: Client, signal: AbortSignal): Promise<Discovery> {
  const { groups = [] } = await client.getPath<GroupList>('/apis', signal)
  const preferred = groups.flatMap(({ preferredVersion }) => (preferredVersion === undefined ? [] : [preferredVersion.groupVersion]))
  const others = groups.flatMap(({ versions = [] }) => versions.map(({ groupVersion }) => groupVersion))
  const failed: { groupVersion: string; err: unknown }[] = []
  const found = new Map<string, ServedResource>()
  const lists = ['v1', ...new Set([...preferred, ...others])].map(async groupVersion => {
    try {
      const path = groupVersion === 'v1' ? '/api/v1' : `/apis/${groupVersion}`
      return { groupVersion, list: await client.getPath<ResourceList>(path, signal) }
    } catch (err) {
      signal.throwIfAborted()
      failed.push({ groupVersion, err })
      return { groupVersion, list: {} }
    }
  })
  for (const { groupVersion, list } of await Promise.all(lists)) {
    const slash = groupVersion.indexOf('/')
    const group = slash === -1 ? '' : groupVersion.slice(0, slash)
    for (const { name, kind, namespaced, verbs = [], shortNames = [] } of list.resources ?? []) {
      const key = `${name}.${group}`
      if (name.includes('/') || found.has(key)) continue
      found.set(key, { group, version: groupVersion.slice(slash + 1), plural: name, kind, namespaced, verbs, shortNames })
    }
  }
  return { resources: [...found.values()], failed }
}
