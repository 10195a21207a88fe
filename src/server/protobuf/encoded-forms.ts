// Protobuf of versions that were read lately, found by the bytes of their JSON. Bounded, as what everybody reads in protobuf would else be in memory twice.

export class EncodedForms {
  readonly #half: number
  #young = new WeakMap<Buffer, Buffer>()
  #old = new WeakMap<Buffer, Buffer>()
  #youngBytes = 0

  /** `maxBytes` of forms at most: once half of them are new, those go that nobody has asked for since the half before. */
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
