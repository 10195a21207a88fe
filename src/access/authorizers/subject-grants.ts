// The grants of one user or group, ordered by namespace (cluster-wide ones first), then by the name of their binding.
import type { Binding, Grant } from '../rules/grant.ts'

const ownPrefix = 'system:'
/** The first name after all names with that prefix. */
const behindOwn = 'system;'

export class SubjectGrants {
  readonly #grants: Grant[] = []

  get size(): number {
    return this.#grants.length
  }

  /** Whether there is a grant in the namespace, '' for the whole cluster. */
  hasAny(namespace: string): boolean {
    return this.#grants[this.#placeOf(namespace, '')]?.binding.namespace === namespace
  }

  /** Whether any grant is not from Kubernetes' own policy for all users, whose bindings begin with `system:` and are adjacent. */
  hasOfAdministrators(namespace: string): boolean {
    return ['', behindOwn].some(name => {
      const binding = this.#grants[this.#placeOf(namespace, name)]?.binding
      return binding?.namespace === namespace && !binding.name.startsWith(ownPrefix)
    })
  }

  add(grant: Grant): void {
    this.#grants.splice(this.#placeOf(grant.binding.namespace, grant.binding.name), 0, grant)
  }

  remove(grant: Grant): void {
    const at = this.#placeOf(grant.binding.namespace, grant.binding.name)
    if (this.#grants[at] !== grant) return
    this.#grants.splice(at, 1)
  }

  /** The grant of this binding. */
  of(binding: Binding): Grant | undefined {
    const grant = this.#grants[this.#placeOf(binding.namespace, binding.name)]
    return grant?.binding === binding ? grant : undefined
  }

  /** Calls `visit` for each grant of the namespace, '' for the whole cluster, until it returns true. */
  some(namespace: string, visit: (grant: Grant) => boolean): Grant | undefined {
    for (let at = namespace === '' ? 0 : this.#placeOf(namespace, ''); at < this.#grants.length; at++) {
      const grant = this.#grants[at]
      if (grant === undefined || grant.binding.namespace !== namespace) return undefined
      if (visit(grant)) return grant
    }
    return undefined
  }

  /** The first index that is not before this binding. */
  #placeOf(namespace: string, name: string): number {
    let from = 0
    let to = this.#grants.length
    while (from < to) {
      const middle = (from + to) >>> 1
      const other = this.#grants[middle]?.binding
      if (other !== undefined && isBefore(other, namespace, name)) from = middle + 1
      else to = middle
    }
    return from
  }
}

const isBefore = (binding: Binding, namespace: string, name: string): boolean =>
  binding.namespace < namespace || (binding.namespace === namespace && binding.name < name)
