// A cache of the latest frames for watches in computed forms: thousands of watches may get the same event, computing a frame takes milliseconds, and a
// reader that is behind would otherwise hold its own copy.

/** Few are enough: the watches of one event are served one after another. */
const maxCached = 8

interface Made {
  /** An entry or an event. */
  readonly of: object
  /** Everything else that the frame depends on. */
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
