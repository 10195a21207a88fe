// Requests hold a seat of flow control while they wait for registries, which a tenant may choose: so a namespace may have few that wait.

/** Requests of one namespace that wait for registries at once. */
export const maxWaiting = 16

export class WaitingRequests {
  readonly #byNamespace = new Map<string, number>()

  /** Undefined if the namespace has as many as it may. Dispose it when the wait is over. */
  begin(namespace: string): Disposable | undefined {
    const waiting = this.#byNamespace.get(namespace) ?? 0
    if (waiting >= maxWaiting) return undefined
    this.#byNamespace.set(namespace, waiting + 1)
    return { [Symbol.dispose]: () => this.#end(namespace) }
  }

  #end(namespace: string): void {
    const waiting = (this.#byNamespace.get(namespace) ?? 0) - 1
    if (waiting <= 0) this.#byNamespace.delete(namespace)
    else this.#byNamespace.set(namespace, waiting)
  }
}
