// The API servers that a client knows, and which one it uses: the next one, when that does not answer.

/** A cluster has at most as many as etcd has members. */
const maxServers = 9

export class ServerChoice {
  /** The one that the client was started with stays, whatever the cluster says of its servers. */
  readonly first: string
  #servers: readonly string[]
  #current: string
  readonly #listeners: (() => void)[] = []

  /** `https://host:port`. */
  constructor(first: string, others: readonly string[] = []) {
    this.first = new URL(first).origin
    this.#servers = this.#listOf(others)
    this.#current = this.first
  }

  get current(): string {
    return this.#current
  }

  get all(): readonly string[] {
    return this.#servers
  }

  /** Called after each change of `all`. */
  onChange(listener: () => void): void {
    this.#listeners.push(listener)
  }

  /** The servers of the cluster besides the first. */
  set(others: readonly string[]): void {
    const next = this.#listOf(others)
    if (next.join() === this.#servers.join()) return
    this.#servers = next
    if (!next.includes(this.#current)) this.#current = this.first
    for (const listener of this.#listeners) listener()
  }

  /** The server did not answer: the next one is used from now on. */
  failed(server: string): void {
    if (server !== this.#current) return
    const at = this.#servers.indexOf(server)
    this.#current = this.#servers[(at + 1) % this.#servers.length] ?? this.first
  }

  #listOf(others: readonly string[]): string[] {
    return [...new Set([this.first, ...others])].slice(0, maxServers)
  }
}
