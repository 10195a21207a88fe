// Objects in other versions for computations that are pure, such as field management: where one needs an object that the webhook was not asked for yet, it is
// given up, the webhook is asked, and it begins anew.
import type { KubeObject } from '../../api/object.ts'
import type { ConvertObjects } from '../resource/conversion.ts'

class ConversionNeeded extends Error {
  readonly objects: ReadonlyMap<string, KubeObject>
  readonly apiVersion: string

  constructor(objects: ReadonlyMap<string, KubeObject>, apiVersion: string) {
    super('The webhook was not asked for these objects yet')
    this.objects = objects
    this.apiVersion = apiVersion
  }
}

/** Of one request. */
export class RequestedConversions {
  readonly #convert: ConvertObjects
  readonly #signal: AbortSignal
  readonly #known = new Map<string, KubeObject>()

  constructor(convert: ConvertObjects, signal: AbortSignal) {
    this.#convert = convert
    this.#signal = signal
  }

  /** For use within `settled` alone. The objects are not changed, and neither may be what comes back. */
  get(objects: readonly KubeObject[], apiVersion: string): KubeObject[] {
    const missing = new Map<string, KubeObject>()
    const found = objects.flatMap(object => {
      // A computation that begins anew makes its objects anew.
      const key = `${apiVersion} ${JSON.stringify(object)}`
      const known = this.#known.get(key)
      if (known !== undefined) return [known]
      missing.set(key, object)
      return []
    })
    if (missing.size > 0) throw new ConversionNeeded(missing, apiVersion)
    return found
  }

  /** What `compute` comes to, at once where nobody has to be asked. It must come to the same each time. Rejects as the webhook fails. */
  settled<T>(compute: () => T): T | Promise<T> {
    try {
      return compute()
    } catch (err) {
      if (!(err instanceof ConversionNeeded)) throw err
      return this.#ask(err).then(() => this.settled(compute))
    }
  }

  async #ask({ objects, apiVersion }: ConversionNeeded): Promise<void> {
    const keys = [...objects.keys()]
    const converted = await this.#convert([...objects.values()], apiVersion, this.#signal)
    for (const [index, key] of keys.entries()) {
      const object = converted[index]
      if (object !== undefined) this.#known.set(key, object)
    }
  }
}
