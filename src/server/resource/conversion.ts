// What is asked of the webhook that converts the versions of a custom resource.
import type { KubeObject } from '../../api/object.ts'
import type { Entry } from '../../store/store.ts'

/** Objects, which name their version, in another one. */
export type ConvertObjects = (objects: readonly KubeObject[], apiVersion: string, signal: AbortSignal) => Promise<readonly KubeObject[]>

export interface Conversion {
  /** Rejects with the 500 of a webhook that fails; then nothing is known of any of them. */
  prepare(entries: readonly Entry[], signal: AbortSignal): Promise<void>
  /** Asks for the stored form of an object of the version, which `toStored` gives from then on. As `prepare` rejects. */
  prepareToStore(object: KubeObject, signal: AbortSignal): Promise<void>
  /** Objects of one version, which they name, as they are in another one. Rejects as `prepare`. */
  readonly convert: ConvertObjects
}
