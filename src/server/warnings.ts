// The warnings for the client of one request: each text once, and no more than fit into a response.

/** More than fit into the headers of a response, whatever their length, because objects decide how many there are. */
const maxWarnings = 4096

const none: readonly string[] = []

export class Warnings {
  /** Created with the first warning: nearly all requests have none. */
  #texts: Set<string> | undefined

  add(text: string): void {
    this.#texts ??= new Set()
    if (this.#texts.size < maxWarnings) this.#texts.add(text)
  }

  get all(): readonly string[] {
    return this.#texts === undefined ? none : [...this.#texts]
  }
}
