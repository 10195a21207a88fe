// Finds what a request could concern among policies or webhooks: two look-ups after the first request of its kind.
import type { ResourceDefinition } from '../../api/resource.ts'
import type { AdmissionRequest, Operation } from '../admission.ts'

export interface IndexedBy<T> {
  /** All there is, in the order in which it is asked; called after each change, when a request next comes. */
  load(): readonly T[]
  /** Whether the entry could concern requests of this kind; the same for all of them. */
  covers(entry: T, operation: Operation, resource: ResourceDefinition, subresource: string): boolean
}

export class RequestIndex<T> {
  readonly #by: IndexedBy<T>
  #entries: readonly T[] | undefined
  #found = new WeakMap<ResourceDefinition, Map<string, readonly T[]>>()

  constructor(by: IndexedBy<T>) {
    this.#by = by
  }

  candidates({ resource, subresource, operation }: AdmissionRequest): readonly T[] {
    this.#entries ??= this.#by.load()
    if (this.#entries.length === 0) return this.#entries
    let found = this.#found.get(resource)
    if (found === undefined) {
      found = new Map()
      this.#found.set(resource, found)
    }
    const key = subresource === '' ? operation : `${operation}/${subresource}`
    let candidates = found.get(key)
    if (candidates === undefined) {
      candidates = this.#entries.filter(entry => this.#by.covers(entry, operation, resource, subresource))
      found.set(key, candidates)
    }
    return candidates
  }

  /** Something changed. */
  forget(): void {
    this.#entries = undefined
    this.#found = new WeakMap()
  }
}
