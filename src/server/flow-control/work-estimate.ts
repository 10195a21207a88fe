// Estimates how many seats a request takes, and how long its work continues after the response: lists by the objects they read, writes by the watches they reach.
import { maxObjectBytes } from '../../store/store.ts'
import type { RequestInfo, ResourceRequestInfo } from '../request/request-info.ts'

export interface Work {
  /** The larger of `initialSeats` and `finalSeats`, held from beginning to end. */
  readonly seats: number
  readonly initialSeats: number
  readonly finalSeats: number
  /** Milliseconds for which the seats are held after the response. */
  readonly lingerMs: number
}

/** Facts about a resource that cost nothing to get. */
export interface ResourceFacts {
  /** Stored objects in all namespaces. */
  objects(info: ResourceRequestInfo): number
  /** Bytes of the stored objects in the namespace, or in all namespaces. */
  bytes(info: ResourceRequestInfo): number
  /** Open watches that receive a change of this object. */
  watchers(info: ResourceRequestInfo): number
}

const objectsPerSeat = 100
/** Large objects are read back from files, so a few of them take as long as many small ones. */
const bytesPerSeat = 2 ** 20
const watchersPerSeat = 10
const eventMs = 5
/** Limits of the seats of one request: a part of its level's nominal seats, and an absolute number. */
const partOfLevel = 0.15
const maxListSeats = 100
const maxWriteSeats = 10

export const oneSeat: Work = { seats: 1, initialSeats: 1, finalSeats: 0, lingerMs: 0 }

/** `nominal` is the nominal number of seats of the level. Pure. */
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

/** Without a resourceVersion a watch begins with all existing objects, like a list. */
function beginsWithList({ query }: ResourceRequestInfo): boolean {
  const version = query.get('resourceVersion') ?? ''
  return version === '' || version === '0' || query.flag('sendInitialEvents')
}

const atMost = (nominal: number, most: number): number => Math.max(1, Math.min(most, Math.ceil(nominal * partOfLevel)))

function listWork(info: ResourceRequestInfo, nominal: number, facts: ResourceFacts): Work {
  if (info.name !== '') return oneSeat
  const stored = facts.objects(info)
  const bytes = facts.bytes(info)
  if (stored <= objectsPerSeat && bytes <= bytesPerSeat) return oneSeat
  const objects = objectsRead(info, stored)
  const wanted = Math.max(Math.ceil(objects / objectsPerSeat), Math.ceil(bytesRead(info, objects, stored, bytes) / bytesPerSeat))
  const seats = Math.min(wanted, atMost(nominal, maxListSeats))
  return seats <= 1 ? oneSeat : { seats, initialSeats: seats, finalSeats: 0, lingerMs: 0 }
}

/** A page reads only itself, but with a selector it may have to look at all objects. */
function objectsRead({ query }: ResourceRequestInfo, stored: number): number {
  const limit = Number(query.get('limit') ?? 0)
  const selects = (query.get('labelSelector') ?? '') !== '' || (query.get('fieldSelector') ?? '') !== ''
  return limit > 0 && !selects ? Math.min(limit, stored) : stored
}

/** The number of objects in one namespace is not known, so a page of a namespace is estimated as if it held the largest objects. */
function bytesRead({ namespace }: ResourceRequestInfo, objects: number, stored: number, bytes: number): number {
  return namespace === '' ? bytes * (objects / stored) : Math.min(bytes, objects * maxObjectBytes)
}

function writeWork(info: ResourceRequestInfo, nominal: number, facts: ResourceFacts): Work {
  // A TokenRequest causes no watch event.
  if (info.resource === 'serviceaccounts' && info.subresource === 'token') return oneSeat
  const watchers = facts.watchers(info)
  if (watchers < watchersPerSeat) return oneSeat
  const wanted = Math.ceil(watchers / watchersPerSeat)
  const finalSeats = Math.min(wanted, atMost(nominal, maxWriteSeats))
  return { seats: finalSeats, initialSeats: 1, finalSeats, lingerMs: (wanted * eventMs) / finalSeats }
}
