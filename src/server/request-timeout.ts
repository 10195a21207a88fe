// The `timeout` parameter of a request, as Go writes durations.
import { badRequest, timedOut } from '../api/status.ts'
import { parseGoDuration } from '../base/go-duration.ts'
import { connections } from './connections.ts'
import type { RequestInfo } from './request-info.ts'

/** Longer limits of a client's change nothing. */
const longestMs = 60_000

/** These may take any time. */
const longRunning: ReadonlySet<string> = new Set([...connections, 'log'])

/** Milliseconds; undefined where the client set no limit of its own that matters. Throws a 400 for what is no duration. */
export function requestTimeout(info: RequestInfo): number | undefined {
  const text = info.query.get('timeout')
  if (text === undefined || text === '') return undefined
  if (info.isResource && (info.verb === 'watch' || longRunning.has(info.subresource))) return undefined
  const ms = parseGoDuration(text)
  if (typeof ms === 'string') throw badRequest(`invalid timeout specified in the request URL - ${ms}`)
  return ms > 0 && ms < longestMs ? ms : undefined
}

/** The answer, or a 504 once the time is over. What has begun is not taken back, as in upstream. */
export async function withinTimeout<T>(answer: Promise<T>, ms: number | undefined): Promise<T> {
  if (ms === undefined) return answer
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(timedOut('request did not complete within the allotted timeout')), ms)
  })
  try {
    return await Promise.race([answer, late])
  } finally {
    clearTimeout(timer)
  }
}
