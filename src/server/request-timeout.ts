// The `timeout` parameter of a request, as Go writes durations.
import { badRequest, timedOut } from '../api/status.ts'
import type { RequestInfo } from './request-info.ts'

const units: Readonly<Record<string, number>> = { ns: 1e-6, us: 1e-3, µs: 1e-3, μs: 1e-3, ms: 1, s: 1000, m: 60_000, h: 3_600_000 }

/** Longer limits of a client's change nothing. */
const longestMs = 60_000

/** These may take any time. */
const longRunning = new Set(['attach', 'exec', 'proxy', 'log', 'portforward'])

/** Milliseconds; undefined where the client set no limit of its own that matters. Throws a 400 for what is no duration. */
export function requestTimeout(info: RequestInfo): number | undefined {
  const text = info.query.get('timeout')
  if (text === undefined || text === '') return undefined
  if (info.isResource && (info.verb === 'watch' || longRunning.has(info.subresource))) return undefined
  const ms = parseDuration(text)
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

function parseDuration(text: string): number {
  const fail = (why: string): never => {
    throw badRequest(`invalid timeout specified in the request URL - time: ${why}`)
  }
  const unsigned = text.replace(/^[-+]/, '')
  if (unsigned === '0') return 0
  if (unsigned === '') return fail(`invalid duration ${JSON.stringify(text)}`)
  let rest = unsigned
  let total = 0
  while (rest !== '') {
    const number = /^(\d+\.?\d*|\.\d+)/.exec(rest)?.[0]
    if (number === undefined) return fail(`invalid duration ${JSON.stringify(text)}`)
    rest = rest.slice(number.length)
    const unit = /^[^.\d]+/.exec(rest)?.[0]
    if (unit === undefined) return fail(`missing unit in duration ${JSON.stringify(text)}`)
    const factor = units[unit]
    if (factor === undefined) return fail(`unknown unit ${JSON.stringify(unit)} in duration ${JSON.stringify(text)}`)
    rest = rest.slice(unit.length)
    total += Number(number) * factor
  }
  return text.startsWith('-') ? -total : total
}
