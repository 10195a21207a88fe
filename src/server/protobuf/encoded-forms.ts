// A cache of recently read objects in protobuf, by the bytes of their JSON. It is limited, since objects would otherwise be in memory twice.

export class EncodedForms {
  readonly #half: number
  #young = new WeakMap<Buffer, Buffer>()
  #old = new WeakMap<Buffer, Buffer>()
  #youngBytes = 0

  /** At most `maxBytes`. Two generations: when the newer one reaches half, unread entries of the older one are dropped. */
  constructor(maxBytes: number) {
    this.#half = maxBytes / 2
  }

  get(json: Buffer, make: (json: Buffer) => Buffer): Buffer {
    const young = this.#young.get(json)
    if (young !== undefined) return young
    const form = this.#old.get(json) ?? make(json)
    if (form.length > this.#half) return form
    if (this.#youngBytes + form.length > this.#half) {
      this.#old = this.#young
      this.#young = new WeakMap()
      this.#youngBytes = 0
    }
    this.#young.set(json, form)
    this.#youngBytes += form.length
    return form
  }
}
