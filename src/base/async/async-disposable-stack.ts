// `AsyncDisposableStack` for Node 22, which has `Symbol.asyncDispose` but not the class: the build replaces the global by it (ECMAScript
// explicit resource management).

/** Disposes in reverse order. Several errors become one `SuppressedError`, as the language specifies. */
export class OwnAsyncDisposableStack implements AsyncDisposable {
  #ends: (() => unknown)[] = []
  #disposed = false

  get disposed(): boolean {
    return this.#disposed
  }

  use<T extends AsyncDisposable | Disposable | null | undefined>(value: T): T {
    this.#requireOpen()
    if (value === null || value === undefined) return value
    const end = Symbol.asyncDispose in value ? value[Symbol.asyncDispose] : value[Symbol.dispose]
    if (typeof end !== 'function') throw new TypeError('The value has neither [Symbol.asyncDispose]() nor [Symbol.dispose]()')
    this.#ends.push(() => end.call(value))
    return value
  }

  adopt<T>(value: T, onDisposeAsync: (value: T) => PromiseLike<void> | void): T {
    this.#requireOpen()
    this.#ends.push(() => onDisposeAsync(value))
    return value
  }

  defer(onDisposeAsync: () => PromiseLike<void> | void): void {
    this.#requireOpen()
    this.#ends.push(onDisposeAsync)
  }

  /** A new stack with this one's resources. */
  move(): OwnAsyncDisposableStack {
    this.#requireOpen()
    const moved = new OwnAsyncDisposableStack()
    moved.#ends = this.#ends
    this.#ends = []
    this.#disposed = true
    return moved
  }

  async disposeAsync(): Promise<void> {
    if (this.#disposed) return
    this.#disposed = true
    const failures: unknown[] = []
    for (const end of this.#ends.reverse()) {
      try {
        await end()
      } catch (err) {
        failures.push(err)
      }
    }
    this.#ends = []
    if (failures.length > 0) throw failures.reduce((suppressed, err) => suppressing(err, suppressed))
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.disposeAsync()
  }

  readonly [Symbol.toStringTag] = 'AsyncDisposableStack'

  #requireOpen(): void {
    if (this.#disposed) throw new ReferenceError('The AsyncDisposableStack is disposed already')
  }
}

/** Node 22 has no `SuppressedError` either. */
function suppressing(error: unknown, suppressed: unknown): Error {
  if (typeof SuppressedError === 'function') return new SuppressedError(error, suppressed)
  return Object.assign(new Error('An error was suppressed during disposal'), { name: 'SuppressedError', error, suppressed })
}

/** The language's own class if it exists. */
const chosen: AsyncDisposableStackConstructor = globalThis.AsyncDisposableStack ?? OwnAsyncDisposableStack

export { chosen as AsyncDisposableStack }
