// The versions and kinds that the API serves in a group, requested when needed and cached for a while.
import { groupResource } from '../api/object.ts'
import { isReason } from '../api/status.ts'
import type { Clock } from '../base/clock.ts'
import { writeJson } from '../base/write-json.ts'
import type { Client } from '../client/client.ts'
import { type ResourceRef, resourceRef } from '../client/resource-ref.ts'

/** The interval of upstream's mapper. */
const rememberedMs = 30_000
/** Limit of cached groups, whose names come from users. */
const maxGroups = 256

interface Group {
  readonly at: number
  /** Preferred first; empty if the group is not served. */
  readonly versions: readonly string[]
  readonly lists: Map<string, readonly ServedKind[]>
}

interface ServedKind {
  readonly name: string
  readonly kind: string
}

interface GroupAnswer {
  readonly preferredVersion?: { readonly version?: string }
  readonly versions?: readonly { readonly version: string }[]
}

export class ServedGroups {
  readonly #client: Pick<Client, 'getPath'>
  readonly #clock: Pick<Clock, 'now'>
  readonly #groups = new Map<string, Group>()

  constructor(client: Pick<Client, 'getPath'>, clock: Pick<Clock, 'now'>) {
    this.#client = client
    this.#clock = clock
  }

  /** Preferred first; empty if the group is not served. Rejects if the API does not answer. */
  async versions(group: string, signal: AbortSignal): Promise<readonly string[]> {
    return (await this.#group(group, signal)).versions
  }

  /** The resource of a kind, in the first version that has it. Rejects with upstream's words if there is none. */
  async resourceOf(group: string, kind: string, signal: AbortSignal): Promise<ResourceRef> {
    const found = await this.#group(group, signal)
    for (const version of found.versions) {
      let kinds = found.lists.get(version)
      if (kinds === undefined) {
        kinds = await this.#kinds(group, version, signal)
        found.lists.set(version, kinds)
      }
      const served = kinds.find(each => each.kind === kind && !each.name.includes('/'))
      // Always accessed through a namespace: rights in one namespace must not allow scaling a cluster-wide object.
      if (served !== undefined) return resourceRef(group, version, served.name, kind)
    }
    throw new Error(`no matches for kind ${writeJson(kind)} in group ${writeJson(group)}`)
  }

  async #group(group: string, signal: AbortSignal): Promise<Group> {
    const now = this.#clock.now()
    const known = this.#groups.get(group)
    if (known !== undefined && now - known.at < rememberedMs) return known
    const versions = group === '' ? ['v1'] : await this.#versions(group, signal)
    const found = { at: now, versions, lists: new Map() }
    if (this.#groups.size >= maxGroups) this.#groups.clear()
    this.#groups.set(group, found)
    return found
  }

  async #versions(group: string, signal: AbortSignal): Promise<readonly string[]> {
    try {
      const answer = await this.#client.getPath<GroupAnswer>(`/apis/${encodeURIComponent(group)}`, signal)
      const preferred = answer.preferredVersion?.version
      const all = (answer.versions ?? []).map(({ version }) => version)
      return preferred === undefined ? all : [...new Set([preferred, ...all])]
    } catch (err) {
      if (isReason(err, 'NotFound')) return []
      throw err
    }
  }

  async #kinds(group: string, version: string, signal: AbortSignal): Promise<readonly ServedKind[]> {
    const path = group === '' ? `/api/${version}` : `/apis/${encodeURIComponent(group)}/${encodeURIComponent(version)}`
    try {
      return (await this.#client.getPath<{ readonly resources?: readonly ServedKind[] }>(path, signal)).resources ?? []
    } catch (err) {
      // Removed since the group was read.
      if (isReason(err, 'NotFound')) return []
      throw err
    }
  }
}

/** Splits `apps/v1` and `v1`. Throws with upstream's words. */
export function parseGroupVersion(text: string): { readonly group: string; readonly version: string } {
  const parts = text.split('/')
  if (parts.length > 2) throw new Error(`unexpected GroupVersion string: ${text}`)
  const [version = '', group = ''] = parts.reverse()
  return { group, version }
}

/** The name of a resource in the custom metrics API: `deployments.apps`. */
export const qualifiedName = ({ group, plural }: Pick<ResourceRef, 'group' | 'plural'>): string => groupResource(group, plural)
