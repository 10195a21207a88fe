// A webhook that converts versions of a custom resource, as the server uses it.
import type { KubeObject } from '../../api/object.ts'
import type { Entry } from '../../store/store.ts'

/** Converts objects, which name their version, to another version. */
export type ConvertObjects = (objects: readonly KubeObject[], apiVersion: string, signal: AbortSignal) => Promise<readonly KubeObject[]>

export interface Conversion {
  /** Converts the entries, for the view. Rejects with the 500 of a failing webhook; then none of them is converted. */
  prepare(entries: readonly Entry[], signal: AbortSignal): Promise<void>
  /** Converts an object of this version to the stored version, which `toStored` then returns. Rejects like `prepare`. */
  prepareToStore(object: KubeObject, signal: AbortSignal): Promise<void>
  /** All objects must be of one version. Rejects like `prepare`. */
  readonly convert: ConvertObjects
}
