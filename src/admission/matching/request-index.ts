// Finds the policies or webhooks that a request may concern: two look-ups after the first request of its kind.
import type { ResourceDefinition } from '../../api/resources/resource.ts'
import type { AdmissionRequest, Operation } from '../admission.ts'

export interface IndexedBy<T> {
  /** All entries in their order; called with the next request after each change. */
  load(): readonly T[]
  /** Whether the entry can concern requests of this kind; the same for all of them. */
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

  /** Call after any change. */
  forget(): void {
    this.#entries = undefined
    this.#found = new WeakMap()
  }
}
