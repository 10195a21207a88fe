// `/livez`, `/readyz` and `/healthz`, made of single checks.
import { goQuote } from '../../api/go-text/go-quote.ts'
import type { Reply } from '../http/exchange.ts'
import { plainText } from '../http/plain-failure.ts'
import type { RequestContext } from '../request/request-context.ts'

export interface HealthCheck {
  readonly name: string
  /** Undefined if healthy, otherwise the problem, which is logged but not shown to the client. */
  check(): string | undefined
  /** Only for readiness. */
  readonly readinessOnly?: boolean
}

/** Called for each check that runs; `kind` is the path of the request. */
export type ObserveCheck = (name: string, kind: string, well: boolean) => void

const kinds = ['livez', 'readyz', 'healthz'] as const

export const healthPaths: readonly string[] = kinds.map(kind => `/${kind}`)

/** Undefined if the path is not a health check. */
export function health(
  checks: readonly HealthCheck[],
  { query }: Pick<RequestContext, 'query'>,
  path: string,
  observe: ObserveCheck = () => undefined,
): Reply | undefined {
  // The name of a check may be a path: `poststarthook/bootstrap`.
  const [, kind = '', ...rest] = path.split('/')
  if (!kinds.some(known => known === kind)) return undefined
  const isWell = (check: HealthCheck): boolean => {
    const well = check.check() === undefined
    observe(check.name, kind, well)
    return well
  }
  const relevant = checks.filter(check => kind === 'readyz' || !check.readinessOnly)
  if (rest.length > 0) {
    const name = rest.join('/')
    const check = relevant.find(known => known.name === name)
    if (check === undefined) return undefined
    return isWell(check) ? plainText(200, 'ok') : plainText(500, `internal server error: check ${name} failed\n`)
  }
  const excluded = new Set(query.all('exclude'))
  const lines: string[] = []
  let failed = false
  for (const check of relevant) {
    if (excluded.delete(check.name)) {
      lines.push(`[+]${check.name} excluded: ok`)
      continue
    }
    const bad = !isWell(check)
    failed ||= bad
    lines.push(bad ? `[-]${check.name} failed: reason withheld` : `[+]${check.name} ok`)
  }
  if (excluded.size > 0) {
    lines.push(`warn: some health checks cannot be excluded: no matches for ${[...excluded].sort().map(goQuote).join(',')}`)
  }
  if (failed) return plainText(500, `${lines.join('\n')}\n${kind} check failed\n`)
  return query.get('verbose') === undefined ? plainText(200, 'ok') : plainText(200, `${lines.join('\n')}\n${kind} check passed\n`)
}
