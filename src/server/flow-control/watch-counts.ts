// The number of open watches by resource, namespace and name, so that a write knows how many its event reaches without asking the store.
import type { ResourceRequestInfo } from '../request/request-info.ts'

interface Counts {
  all: number
  /** By `namespace/name`; either may be '' for all. */
  readonly byScope: Map<string, number>
}

export class WatchCounts {
  readonly #byResource = new Map<string, Counts>()

  /**
   * The returned function ends the count and must be called once. As upstream, watches that select one node's pods are not counted: few
   * receive each event.
   */
  opened({ group, resource, namespace, name, query }: ResourceRequestInfo): () => void {
    if (resource === 'pods' && group === '' && (query.get('fieldSelector') ?? '').includes('spec.nodeName')) return () => undefined
    const key = `${resource}.${group}`
    const counts = this.#byResource.get(key) ?? { all: 0, byScope: new Map() }
    this.#byResource.set(key, counts)
    const scope = `${namespace}/${name}`
    counts.all++
    counts.byScope.set(scope, (counts.byScope.get(scope) ?? 0) + 1)
    return () => {
      counts.all--
      const left = (counts.byScope.get(scope) ?? 0) - 1
      if (left > 0) counts.byScope.set(scope, left)
      else counts.byScope.delete(scope)
      if (counts.all === 0) this.#byResource.delete(key)
    }
  }

  /** Watches that an event of this object concerns. */
  of({ group, resource, namespace, name }: ResourceRequestInfo): number {
    const counts = this.#byResource.get(`${resource}.${group}`)
    if (counts === undefined) return 0
    const { byScope } = counts
    const at = (scope: string) => byScope.get(scope) ?? 0
    let watches = at('/')
    if (namespace !== '') watches += at(`${namespace}/`)
    if (name !== '') watches += at(`/${name}`) + (namespace === '' ? 0 : at(`${namespace}/${name}`))
    return watches
  }
}
