// Converted objects for pure computations such as field management. If a computation needs an object that is not converted yet, it is aborted, the webhook is
// called, and the computation starts again.
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

/** The conversions of one request. */
export class RequestedConversions {
  readonly #convert: ConvertObjects
  readonly #signal: AbortSignal
  readonly #known = new Map<string, KubeObject>()

  constructor(convert: ConvertObjects, signal: AbortSignal) {
    this.#convert = convert
    this.#signal = signal
  }

  /** Only for use within `settled`. Neither the objects nor the results may be changed. */
  get(objects: readonly KubeObject[], apiVersion: string): KubeObject[] {
    const missing = new Map<string, KubeObject>()
    const found = objects.flatMap(object => {
      // A restarted computation creates its objects again, so they are compared by value.
      const key = `${apiVersion} ${JSON.stringify(object)}`
      const known = this.#known.get(key)
      if (known !== undefined) return [known]
      missing.set(key, object)
      return []
    })
    if (missing.size > 0) throw new ConversionNeeded(missing, apiVersion)
    return found
  }

  /** The result of `compute`, synchronously if the webhook need not be called. `compute` must be deterministic. Rejects if the webhook fails. */
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
