// Deletes the Endpoints of a deleted Service, as upstream: the next Service with this name must not start with old addresses.
import { isReason } from '../../api/status.ts'
import type { Logger } from '../../base/log.ts'
import type { Collection } from '../../store/store.ts'
import type { OwnRequests } from '../http/internal-requests.ts'

export interface ServiceEndpointsParts {
  readonly collection: Collection
  /** With the server's own identity. */
  readonly requests: () => OwnRequests
  readonly log: Logger
}

export class ServiceEndpoints {
  readonly #parts: ServiceEndpointsParts

  constructor(parts: ServiceEndpointsParts) {
    this.#parts = parts
  }

  /** Deletes the present Endpoints. Failures are logged; the controller of Endpoints tries again. */
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
