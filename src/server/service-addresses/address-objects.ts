// The IPAddress objects of Services: created before a Service is stored and deleted after it, by requests of the server itself.
import { hasAllocatorLabels, serviceIpAddress } from '../../api/addresses/service-address.ts'
import { isReason } from '../../api/status.ts'
import type { Logger } from '../../base/log.ts'
import type { Collection, Entry } from '../../store/store.ts'
import type { OwnRequests } from '../http/internal-requests.ts'

const path = '/apis/networking.k8s.io/v1/ipaddresses'
/** Attempts to delete an object that others may change in between. */
const attempts = 5

export interface AddressObjectsParts {
  readonly collection: Collection
  /** With the server's own identity. */
  readonly requests: () => OwnRequests
  /** Called for an address that could not be released. */
  readonly onLeft: (address: string) => void
  readonly log: Logger
}

/** Services are `namespace/name`, addresses canonical text. */
export class AddressObjects {
  readonly #parts: AddressObjectsParts

  constructor(parts: AddressObjectsParts) {
    this.#parts = parts
  }

  /** The newest version, even if it is not durable yet. */
  entry(address: string): Entry | undefined {
    return this.#parts.collection.newest('', address)
  }

  /** Rejects with the error of the API: AlreadyExists if the address is taken. */
  create(address: string, service: string): Promise<void> {
    const [namespace = '', name = ''] = service.split('/')
    return this.#parts.requests().write('POST', path, serviceIpAddress(address, { namespace, name }))
  }

  /** Deletes the IPAddress of this Service, but not one of another creator. Failures are logged, and the repair loop tries again. */
  async remove(address: string, service: string): Promise<void> {
    try {
      await this.delete(address, entry => isOf(entry, service))
    } catch (err) {
      this.#parts.log.error('address not released', { ip: address, service, err })
      this.#parts.onLeft(address)
    }
  }

  /** Tries again if the object was changed in between. */
  async delete(address: string, isMeant: (entry: Entry) => boolean): Promise<void> {
    for (let attempt = 1; ; attempt++) {
      const entry = this.entry(address)
      if (entry === undefined || !isMeant(entry)) return
      const preconditions = { resourceVersion: String(entry.revision) }
      try {
        return await this.#parts
          .requests()
          .write('DELETE', `${path}/${address}`, { apiVersion: 'v1', kind: 'DeleteOptions', preconditions })
      } catch (err) {
        if (isReason(err, 'NotFound')) return
        if (!isReason(err, 'Conflict') || attempt >= attempts) throw err
      }
    }
  }
}

/** The Service of the object as `namespace/name`; undefined if it names another kind. */
export function serviceOf({ fields }: Entry): string | undefined {
  if (fields['spec.parentRef.group'] !== '' || fields['spec.parentRef.resource'] !== 'services') return undefined
  return `${fields['spec.parentRef.namespace']}/${fields['spec.parentRef.name']}`
}

/** Whether the server created it for this Service. */
export function isOf(entry: Entry, service: string): boolean {
  return hasAllocatorLabels(entry.name, entry.labels) && serviceOf(entry) === service
}
