// Updates the ranges of an address book from the ServiceCIDRs, and creates the cluster's own ServiceCIDR again if it was deleted.
import { defaultServiceCidrName } from '../../api/addresses/service-address.ts'
import type { ServiceCIDR } from '../../api/types/networking-v1.ts'
import { type Clock, formatTime } from '../../base/clock.ts'
import type { Logger } from '../../base/log.ts'
import { RepeatedWork } from '../../base/repeated-work.ts'
import { followChanges } from '../../store/follow-changes.ts'
import type { Collection } from '../../store/store.ts'
import type { OwnRequests } from '../http/internal-requests.ts'
import type { AddressBook } from './address-book.ts'

const path = '/apis/networking.k8s.io/v1/servicecidrs'

export interface ServiceCidrParts {
  readonly book: AddressBook
  readonly cidrs: Collection
  readonly requests: () => OwnRequests
  /** Called when a ServiceCIDR was deleted. */
  readonly onGone: () => void
  readonly clock: Clock
  readonly log: Logger
}

/** The book has the ranges when this returns. The returned work ends with the signal. */
export function followServiceCidrs(
  { book, cidrs, requests, onGone, clock, log }: ServiceCidrParts,
  signal: AbortSignal,
): () => Promise<void> {
  // The schema of ServiceCIDRs decoded the objects.
  const look = (): void => book.setRanges(cidrs.list({}).entries.map(({ object }) => object as ServiceCIDR))
  const own = new RepeatedWork(
    {
      ...{ name: 'the default ServiceCIDR', clock, log },
      async work() {
        if (cidrs.newest('', defaultServiceCidrName) === undefined) {
          await requests().write('POST', path, kubernetesServiceRange(book.ownRange, clock.now()))
        }
        return 'never'
      },
    },
    signal,
  )
  look()
  followChanges(cidrs, { after: cidrs.list({ limit: 1 }).revision, signal, log }, ({ type, event: { entry } }) => {
    look()
    if (type === 'DELETED') onGone()
    if (type === 'DELETED' && entry.name === defaultServiceCidrName) own.due(entry.name)
  })
  return () => own.run()
}

/** The ServiceCIDR of the cluster's own range. As upstream, a finalizer keeps it when it is deleted. */
export function kubernetesServiceRange(cidr: string, now: number): ServiceCIDR {
  const ready = { type: 'Ready', status: 'True', lastTransitionTime: formatTime(now), reason: '' }
  return {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'ServiceCIDR',
    metadata: { name: 'kubernetes', finalizers: ['networking.k8s.io/service-cidr-finalizer'] },
    spec: { cidrs: [cidr] },
    status: { conditions: [{ ...ready, message: 'Kubernetes Service CIDR is ready' }] },
  }
}
