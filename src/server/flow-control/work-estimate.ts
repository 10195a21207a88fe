// How many seats a request takes, and how long its work goes on after its answer: lists by what they read, writes by who watches.
import type { RequestInfo, ResourceRequestInfo } from '../request/request-info.ts'

export interface Work {
  /** Held from beginning to end: the more of `initialSeats` and `finalSeats`. */
  readonly seats: number
  readonly initialSeats: number
  readonly finalSeats: number
  /** Milliseconds for which the seats are held after the answer. */
  readonly lingerMs: number
}

/** What is known of a resource without reading it. */
export interface ResourceFacts {
  /** Objects that are stored, in all namespaces. */
  objects(info: ResourceRequestInfo): number
  /** Open watches that a change of this object is sent to. */
  watchers(info: ResourceRequestInfo): number
}

const objectsPerSeat = 100
const watchersPerSeat = 10
const eventMs = 5
/** A request takes no more than this part of its level's own seats, and no more than these many. */
const partOfLevel = 0.15
const maxListSeats = 100
const maxWriteSeats = 10

export const oneSeat: Work = { seats: 1, initialSeats: 1, finalSeats: 0, lingerMs: 0 }

/** `nominal` is the level's own number of seats. Pure. */
export function estimateWork(info: RequestInfo, nominal: number, facts: ResourceFacts): Work {
  if (!info.isResource) return oneSeat
  switch (info.verb) {
    case 'list':
    case 'deletecollection':
      return listWork(info, nominal, facts)
    case 'watch':
      return beginsWithList(info) ? listWork(info, nominal, facts) : oneSeat
    case 'create':
    case 'update':
    case 'patch':
    case 'delete':
      return writeWork(info, nominal, facts)
    default:
      return oneSeat
  }
}

/** Without a version a watch begins with everything that exists, as a list does. */
function beginsWithList({ query }: ResourceRequestInfo): boolean {
  const version = query.get('resourceVersion') ?? ''
  return version === '' || version === '0' || query.flag('sendInitialEvents')
}

const atMost = (nominal: number, most: number): number => Math.max(1, Math.min(most, Math.ceil(nominal * partOfLevel)))

function listWork(info: ResourceRequestInfo, nominal: number, facts: ResourceFacts): Work {
  if (info.name !== '') return oneSeat
  const stored = facts.objects(info)
  if (stored <= objectsPerSeat) return oneSeat
  const seats = Math.min(Math.ceil(objectsRead(info, stored) / objectsPerSeat), atMost(nominal, maxListSeats))
  return seats <= 1 ? oneSeat : { seats, initialSeats: seats, finalSeats: 0, lingerMs: 0 }
}

/** A page is read alone; with a selector everything may have to be looked at for it. */
function objectsRead({ query }: ResourceRequestInfo, stored: number): number {
  const limit = Number(query.get('limit') ?? 0)
  const selects = (query.get('labelSelector') ?? '') !== '' || (query.get('fieldSelector') ?? '') !== ''
  return limit > 0 && !selects ? Math.min(limit, stored) : stored
}

function writeWork(info: ResourceRequestInfo, nominal: number, facts: ResourceFacts): Work {
  // A new token is no event for anybody.
  if (info.resource === 'serviceaccounts' && info.subresource === 'token') return oneSeat
  const watchers = facts.watchers(info)
  if (watchers < watchersPerSeat) return oneSeat
  const wanted = Math.ceil(watchers / watchersPerSeat)
  const finalSeats = Math.min(wanted, atMost(nominal, maxWriteSeats))
  return { seats: finalSeats, initialSeats: 1, finalSeats, lingerMs: (wanted * eventMs) / finalSeats }
}
