// The Endpoints of a Service go with it, as upstream has it: the next Service of this name must not begin with addresses of the last one.
import { isReason } from '../../api/status.ts'
import type { Logger } from '../../base/log.ts'
import type { Collection } from '../../store/store.ts'
import type { OwnRequests } from '../http/internal-requests.ts'

export interface ServiceEndpointsParts {
  readonly collection: Collection
  /** As the system itself. */
  readonly requests: () => OwnRequests
  readonly log: Logger
}

export class ServiceEndpoints {
  readonly #parts: ServiceEndpointsParts

  constructor(parts: ServiceEndpointsParts) {
    this.#parts = parts
  }

  /** Those that are there now. A failure is logged: the controller of Endpoints comes back to them. */
  async remove(namespace: string, name: string): Promise<void> {
    const { collection, requests, log } = this.#parts
    const uid = collection.newest(namespace, name)?.object.metadata.uid
    if (uid === undefined) return
    const options = { apiVersion: 'v1', kind: 'DeleteOptions', preconditions: { uid } }
    try {
      await requests().write('DELETE', `/api/v1/namespaces/${namespace}/endpoints/${name}`, options)
    } catch (err) {
      if (isReason(err, 'NotFound') || isReason(err, 'Conflict')) return
      log.error('endpoints of a deleted service not deleted', { service: `${namespace}/${name}`, err })
    }
  }
}
