// Whether the server lives and is ready, as the checks that it is made of.
import type { Reply } from './exchange.ts'
import type { RequestContext } from './request-context.ts'

export interface HealthCheck {
  readonly name: string
  /** Undefined where all is well, else what is wrong: shown in the log, not to the client. */
  check(): string | undefined
  /** Only readiness asks for it. */
  readonly readinessOnly?: boolean
}

const kinds = ['livez', 'readyz', 'healthz'] as const

export const healthPaths: readonly string[] = kinds.map(kind => `/${kind}`)

/** Undefined where the path is no health check. */
export function health(checks: readonly HealthCheck[], context: RequestContext, path: string): Reply | undefined {
  const [, kind = '', single, more] = path.split('/')
  if (!kinds.some(known => known === kind) || more !== undefined) return undefined
  const relevant = checks.filter(check => kind === 'readyz' || !check.readinessOnly)
  if (single !== undefined && single !== '') {
    const check = relevant.find(({ name }) => name === single)
    if (check === undefined) return undefined
    return check.check() === undefined ? text(200, 'ok') : text(500, `internal server error: check ${single} failed`)
  }
  const excluded = new Set(context.query.all('exclude'))
  const lines: string[] = []
  let failed = false
  for (const check of relevant) {
    if (excluded.has(check.name)) {
      lines.push(`[+]${check.name} excluded: ok`)
      continue
    }
    const bad = check.check() !== undefined
    failed ||= bad
    lines.push(bad ? `[-]${check.name} failed: reason withheld` : `[+]${check.name} ok`)
  }
  if (failed) return text(500, `${lines.join('\n')}\n${kind} check failed\n`)
  return context.query.get('verbose') === undefined ? text(200, 'ok') : text(200, `${lines.join('\n')}\n${kind} check passed\n`)
}

function text(status: number, body: string): Reply {
  return { status, contentType: 'text/plain; charset=utf-8', body: Buffer.from(body), headers: { 'x-content-type-options': 'nosniff' } }
}
