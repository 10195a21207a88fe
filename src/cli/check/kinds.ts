// Maps kinds to resources by the server's discovery.
import { ApiError } from '../../api/status.ts'
import type { Client } from '../../client/client.ts'
import type { ResourceRef } from '../../client/resource-ref.ts'

interface ResourceList {
  readonly resources?: readonly { readonly name: string; readonly kind: string; readonly namespaced: boolean }[]
}

/** Queries each group version once. */
export class Kinds {
  readonly #client: Client
  readonly #signal: AbortSignal
  readonly #lists = new Map<string, Promise<ResourceList>>()

  constructor(client: Client, signal: AbortSignal) {
    this.#client = client
    this.#signal = signal
  }

  /** Returns undefined if the server does not serve the kind. */
  async find(apiVersion: string, kind: string): Promise<ResourceRef | undefined> {
    const found = (await this.#listOf(apiVersion)).resources?.find(entry => entry.kind === kind && !entry.name.includes('/'))
    if (found === undefined) return undefined
    const slash = apiVersion.indexOf('/')
    const [group, version] = slash < 0 ? ['', apiVersion] : [apiVersion.slice(0, slash), apiVersion.slice(slash + 1)]
    return { group, version, plural: found.name, kind, namespaced: found.namespaced }
  }

  #listOf(apiVersion: string): Promise<ResourceList> {
    // An invalid group version must not become part of a path.
    if (!/^(?:[a-z0-9.-]+\/)?[a-z0-9]+$/.test(apiVersion)) return Promise.resolve({})
    let list = this.#lists.get(apiVersion)
    if (list === undefined) {
      list = this.#client
        .getPath<ResourceList>(apiVersion.includes('/') ? `/apis/${apiVersion}` : `/api/${apiVersion}`, this.#signal)
        .catch((err: unknown) => {
          if (err instanceof ApiError && err.status.code === 404) return {}
          throw err
        })
      this.#lists.set(apiVersion, list)
    }
    return list
  }
}
