// The result of a write.
import type { KubeObject } from '../../api/object.ts'
import type { Entry } from '../../store/store.ts'
import type { ServedResource } from './served-resource.ts'

export interface Written {
  /** In the served version; frozen if it is stored. */
  readonly object: KubeObject
  /** Undefined for a dry run, and if this write removed the object. */
  readonly entry: Entry | undefined
  readonly created: boolean
}

/** A stored object. It is parsed or frozen only for a response that needs more than the bytes. */
export class Stored implements Written {
  readonly #served: ServedResource
  readonly entry: Entry
  readonly created: boolean

  constructor(served: ServedResource, entry: Entry, created: boolean) {
    this.#served = served
    this.entry = entry
    this.created = created
  }

  get object(): KubeObject {
    return this.#served.view.object(this.entry)
  }
}
