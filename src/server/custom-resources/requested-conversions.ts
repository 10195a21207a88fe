// Objects in other versions for field management: the webhook converts each only once.
import type { KubeObject } from '../../api/object.ts'
import { writeJson } from '../../base/write-json.ts'
import type { ConvertObjects } from '../resource/conversion.ts'

/** Of one request. */
export class RequestedConversions {
  readonly #convert: ConvertObjects
  readonly #signal: AbortSignal
  readonly #known = new Map<string, KubeObject>()

  constructor(convert: ConvertObjects, signal: AbortSignal) {
    this.#convert = convert
    this.#signal = signal
  }

  /** Neither the objects nor the result may be modified. Rejects as the webhook fails. */
  async get(objects: readonly KubeObject[], apiVersion: string): Promise<KubeObject[]> {
    const keys = objects.map(object => `${apiVersion} ${writeJson(object)}`)
    const missing = new Map(objects.flatMap((object, index) => (this.#known.has(keys[index] ?? '') ? [] : [[keys[index] ?? '', object]])))
    if (missing.size > 0) await this.#ask(missing, apiVersion)
    return keys.flatMap(key => this.#known.get(key) ?? [])
  }

  async #ask(missing: ReadonlyMap<string, KubeObject>, apiVersion: string): Promise<void> {
    const converted = await this.#convert([...missing.values()], apiVersion, this.#signal)
    for (const [index, key] of [...missing.keys()].entries()) {
      const object = converted[index]
      if (object !== undefined) this.#known.set(key, object)
    }
  }
}
