// What the client of one request is warned of: each text once, and no more than its answer can hold.

/** More than fit into the headers of an answer, whatever their length: an object decides how many there are. */
const maxWarnings = 4096

const none: readonly string[] = []

export class Warnings {
  /** Made with the first: nearly all requests have none. */
  #texts: Set<string> | undefined

  add(text: string): void {
    this.#texts ??= new Set()
    if (this.#texts.size < maxWarnings) this.#texts.add(text)
  }

  get all(): readonly string[] {
    return this.#texts === undefined ? none : [...this.#texts]
  }
}
