// A request that lasts: its place among the streams of its user, and the seat that it holds until it has begun.
import type { UserInfo } from '../../api/user.ts'
import type { BodyStream, ServerRequest } from '../http/exchange.ts'
import { podStreams } from '../request/connections.ts'
import { isProxy, type RequestInfo } from '../request/request-info.ts'
import type { Release } from './fair-queues.ts'
import { type StreamKind, type StreamLimits, watchPlaces } from './stream-limits.ts'
import type { WatchCounts } from './watch-counts.ts'

/** As long as an answer may go unread. */
const maxBeginMs = 60_000

/** The kind of stream that the request opens; undefined if it ends by itself. */
export function streamKind(info: RequestInfo, { upgrade }: ServerRequest): StreamKind | undefined {
  if (info.isResource && info.verb === 'watch') return 'watch'
  // Whatever answers it, another server too.
  if (upgrade !== undefined || isProxy(info)) return 'session'
  if (!info.isResource || info.resource !== 'pods') return undefined
  return podStreams.has(info.subresource) || (info.subresource === 'log' && info.query.flag('follow')) ? 'session' : undefined
}

export interface StreamParts {
  readonly flow: { readonly streams: StreamLimits }
  readonly watchCounts: WatchCounts
}

/** Takes one of the user's stream places, and for a watch, a count among the watches of its resource. Throws a 429 if the user has too many. */
export function openStream({ flow, watchCounts }: StreamParts, user: UserInfo, info: RequestInfo, kind: StreamKind): Release {
  const end = flow.streams.open(user, kind, kind === 'watch' ? watchPlaces(info.query) : 1)
  if (kind !== 'watch' || !info.isResource) return end
  const uncount = watchCounts.opened(info)
  let open = true
  return () => {
    if (open) uncount()
    open = false
    end()
  }
}

/** A stream holds its seat until it has begun: a watch, until existing objects are sent, unless its reader is too slow. */
export function releasingSeat(body: BodyStream, reportsBegin: boolean, release: Release): BodyStream {
  return (sink, signal) => {
    let hasBegun = false
    let late: NodeJS.Timeout | undefined
    const begun = (): void => {
      hasBegun = true
      clearTimeout(late)
      release()
    }
    const running = body(sink, signal, begun)
    if (!reportsBegin) begun()
    else if (!hasBegun) late = setTimeout(begun, maxBeginMs).unref()
    return running
  }
}
