// What was made last for watches that show their objects in another form: thousands may be sent the same event, each frame takes milliseconds, and a
// reader that is behind would hold one of its own.

/** Watchers of one event are served one after the other. */
const maxCached = 8

interface Made {
  /** An entry or an event. */
  readonly of: object
  /** Everything else that it depends on. */
  readonly form: string
  readonly bytes: Buffer
}

export class SharedFrames {
  readonly #cached: Made[] = []

  get(of: object, form: string, make: () => Buffer): Buffer {
    const found = this.#cached.find(made => made.of === of && made.form === form)
    if (found !== undefined) return found.bytes
    const bytes = make()
    if (this.#cached.push({ of, form, bytes }) > maxCached) this.#cached.shift()
    return bytes
  }
}
