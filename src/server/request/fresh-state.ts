// Consistent reads when several servers share a store: as upstream, a request sees all that any server acknowledged before it, unless it states
// what is fresh enough for it.
import { apiError } from '../../api/status.ts'
import { NotFresh, type Store } from '../../store/store.ts'
import { versionPattern } from './list-options.ts'
import type { RequestInfo } from './request-info.ts'

/** As upstream waits for a resourceVersion that its cache has not reached (apiserver pkg/storage/cacher, blockTimeout). */
const reachMs = 3_000
const retryAfterSeconds = 1

const reads: ReadonlySet<string> = new Set(['get', 'list', 'watch'])

/** Undefined if memory is fresh enough, as it always is for a server that is alone. Rejects with a 503 that clients retry. */
export function freshState(store: Pick<Store, 'fresh' | 'reached'>, info: RequestInfo, signal: AbortSignal): Promise<void> | undefined {
  if (!info.isResource) return undefined
  if (reads.has(info.verb)) {
    const stated = info.query.get('resourceVersion') ?? ''
    if (stated === '0') return undefined
    if (versionPattern.test(stated)) return store.reached(Number(stated), reachMs, signal)
  }
  return store.fresh(signal)?.catch((err: unknown) => {
    if (!(err instanceof NotFresh)) throw err
    throw apiError(503, 'ServiceUnavailable', err.message, { retryAfterSeconds }, { cause: err })
  })
}
