// Objects in other versions for computations that are pure, such as field management: where one needs an object that the webhook was not asked for yet, it is
// given up, the webhook is asked, and it begins anew.
import type { KubeObject } from '../../api/object.ts'

/** The object, which names its version, in another one. */
export type ConvertObject = (object: KubeObject, apiVersion: string, signal: AbortSignal) => Promise<KubeObject>

class NotAsked extends Error {
  readonly object: KubeObject
  readonly apiVersion: string
  readonly key: string

  constructor(object: KubeObject, apiVersion: string, key: string) {
    super('The webhook was not asked for this object yet')
    this.object = object
    this.apiVersion = apiVersion
    this.key = key
  }
}

/** Of one request. */
export class AskedConversions {
  readonly #convert: ConvertObject
  readonly #signal: AbortSignal
  readonly #known = new Map<string, KubeObject>()

  constructor(convert: ConvertObject, signal: AbortSignal) {
    this.#convert = convert
    this.#signal = signal
  }

  /** For use within `settled` alone. The object is not changed, and neither may be what comes back. */
  get(object: KubeObject, apiVersion: string): KubeObject {
    // A computation that begins anew makes its objects anew.
    const key = `${apiVersion} ${JSON.stringify(object)}`
    const known = this.#known.get(key)
    if (known === undefined) throw new NotAsked(object, apiVersion, key)
    return known
  }

  /** What `compute` comes to, at once where nobody has to be asked. It must come to the same each time. Rejects as the webhook fails. */
  settled<T>(compute: () => T): T | Promise<T> {
    try {
      return compute()
    } catch (err) {
      if (!(err instanceof NotAsked)) throw err
      return this.#ask(err).then(() => this.settled(compute))
    }
  }

  async #ask({ object, apiVersion, key }: NotAsked): Promise<void> {
    this.#known.set(key, await this.#convert(object, apiVersion, this.#signal))
  }
}
