// The IPAddress objects of Services: made before a Service is stored and deleted after it is gone, by requests of the server's own.
import { hasAllocatorLabels, serviceIpAddress } from '../../api/service-address.ts'
import { isReason } from '../../api/status.ts'
import type { Logger } from '../../base/log.ts'
import type { Collection, Entry } from '../../store/store.ts'
import type { OwnRequests } from '../http/internal-requests.ts'

const path = '/apis/networking.k8s.io/v1/ipaddresses'
/** Somebody may change an object between the look at it and its deletion. */
const attempts = 5

export interface AddressObjectsParts {
  readonly collection: Collection
  /** As the system itself. */
  readonly requests: () => OwnRequests
  /** Hears of an address that could not be released. */
  readonly onLeft: (address: string) => void
  readonly log: Logger
}

/** Services are named `namespace/name`, addresses by their canonical text. */
export class AddressObjects {
  readonly #parts: AddressObjectsParts

  constructor(parts: AddressObjectsParts) {
    this.#parts = parts
  }

  /** The newest version, also one that is not durable yet. */
  entry(address: string): Entry | undefined {
    return this.#parts.collection.newest('', address)
  }

  /** Rejects with what the API answers: AlreadyExists where somebody has it. */
  create(address: string, service: string): Promise<void> {
    const [namespace = '', name = ''] = service.split('/')
    return this.#parts.requests().write('POST', path, serviceIpAddress(address, { namespace, name }))
  }

  /** What stands for this address of this Service; what somebody else made stays. A failure is logged: the repair comes back to it. */
  async remove(address: string, service: string): Promise<void> {
    try {
      await this.delete(address, entry => isOf(entry, service))
    } catch (err) {
      this.#parts.log.error('address not released', { ip: address, service, err })
      this.#parts.onLeft(address)
    }
  }

  /** Looks again where the object was changed in between. */
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

/** The Service that the object names as `namespace/name`; undefined where it names something else. */
export function serviceOf({ fields }: Entry): string | undefined {
  if (fields['spec.parentRef.group'] !== '' || fields['spec.parentRef.resource'] !== 'services') return undefined
  return `${fields['spec.parentRef.namespace']}/${fields['spec.parentRef.name']}`
}

/** Made by the server for this Service. */
export function isOf(entry: Entry, service: string): boolean {
  return hasAllocatorLabels(entry.name, entry.labels) && serviceOf(entry) === service
}
