// All paths that are not resources: discovery, OpenAPI, health, version, metrics.
import type { OidcDocuments } from '../../access/tokens/oidc-discovery.ts'
import { unknownMethod, unknownPath } from '../../api/status.ts'
import { valueReply } from '../answers/respond.ts'
import { header, type Reply } from '../http/exchange.ts'
import { plainNotFound } from '../http/plain-failure.ts'
import { documentForm } from '../request/negotiate.ts'
import type { PathHandler, RequestContext } from '../request/request-context.ts'
import type { RequestInfo } from '../request/request-info.ts'
import { type HealthCheck, health, type ObserveCheck } from './health.ts'
import { requireAcceptablePath, takesMethod } from './path-routes.ts'
import { versionInfo } from './version.ts'

export interface PathParts {
  readonly checks: readonly HealthCheck[]
  readonly observeCheck: ObserveCheck
  readonly documents: PathHandler
  /** Group versions of other servers. */
  readonly aggregated: PathHandler
  readonly tunnel: PathHandler
  readonly csi: PathHandler
  readonly why: PathHandler
  readonly policies: PathHandler
  readonly build: PathHandler
  readonly backup: PathHandler
  readonly where: PathHandler
  readonly updates: PathHandler
  readonly flowDump: PathHandler
  readonly oidc?: OidcDocuments
  hasGroup(group: string): boolean
  /** In Prometheus' text format. */
  metrics(): Promise<{ readonly contentType: string; readonly text: string }>
}

export function pathHandler(parts: PathParts): (context: RequestContext, info: RequestInfo & { isResource: false }) => Promise<Reply> {
  // As upstream: never YAML, and formatted.
  const version: PathHandler = async (_context, path) =>
    path === '/version' ? valueReply({ form: documentForm(undefined), pretty: true }, versionInfo) : undefined
  const oidc: PathHandler = async (_context, path) => oidcReply(parts.oidc, path)
  /** Other servers check their requests themselves. */
  const routed: readonly PathHandler[] = [version, oidc, parts.documents]
  const handlers: readonly PathHandler[] = [
    async (context, path) => health(parts.checks, context, path, parts.observeCheck),
    version,
    async (_context, path) => (path === '/metrics' ? metricsReply(parts) : undefined),
    oidc,
    parts.tunnel,
    parts.csi,
    parts.why,
    parts.policies,
    parts.build,
    parts.backup,
    parts.where,
    parts.updates,
    parts.flowDump,
    parts.aggregated,
    parts.documents,
  ]
  return async (context, info) => {
    const path = info.path.length > 1 && info.path.endsWith('/') ? info.path.slice(0, -1) : info.path
    for (const handler of handlers) {
      const reply = await handler(context, path)
      if (reply === undefined) continue
      if (!takesMethod(path, info.verb)) throw unknownMethod()
      if (routed.includes(handler)) requireAcceptablePath(path, header(context.request.headers, 'accept'))
      return reply
    }
    if (isRouted(path, parts)) throw unknownPath()
    return plainNotFound()
  }
}

/** Paths of the API get a 404 with a Status. */
function isRouted(path: string, { hasGroup }: PathParts): boolean {
  const [first = '', group] = path.slice(1).split('/')
  return first === 'api' || first === 'version' || (first === 'apis' && group !== undefined && hasGroup(group))
}

function oidcReply(documents: OidcDocuments | undefined, path: string): Reply | undefined {
  if (documents === undefined) return undefined
  const headers = { 'cache-control': 'public, max-age=3600' }
  if (path === '/.well-known/openid-configuration') {
    return { status: 200, contentType: 'application/json', body: Buffer.from(documents.configuration), headers }
  }
  if (path !== '/openid/v1/jwks') return undefined
  return { status: 200, contentType: 'application/jwk-set+json', body: Buffer.from(documents.keySet), headers }
}

async function metricsReply(parts: PathParts): Promise<Reply> {
  const { contentType, text } = await parts.metrics()
  return { status: 200, contentType, body: Buffer.from(text) }
}
