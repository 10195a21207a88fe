// Everything that is no resource: discovery, OpenAPI, health, version, metrics.
import { methodNotAllowed, unknownPath } from '../api/status.ts'
import type { Reply } from './exchange.ts'
import { type HealthCheck, health } from './health.ts'
import type { RequestContext } from './request-context.ts'
import type { RequestInfo } from './request-info.ts'
import { valueReply } from './respond.ts'
import { versionInfo } from './version.ts'

/** Answers some paths; undefined where the path is not its own. */
export type PathHandler = (context: RequestContext, path: string) => Reply | Promise<Reply> | undefined

export interface PathParts {
  readonly checks: readonly HealthCheck[]
  readonly documents: PathHandler
  readonly tunnel: PathHandler
  /** Prometheus' text. */
  metrics(): Promise<{ readonly contentType: string; readonly text: string }>
}

export function pathHandler(
  parts: PathParts,
): (context: RequestContext, info: RequestInfo & { isResource: false }) => Reply | Promise<Reply> {
  const handlers: readonly PathHandler[] = [
    (context, path) => health(parts.checks, context, path),
    (context, path) => (path === '/version' ? valueReply(context, versionInfo) : undefined),
    (_context, path) => (path === '/metrics' ? metricsReply(parts) : undefined),
    parts.tunnel,
    parts.documents,
  ]
  return (context, info) => {
    const path = info.path.length > 1 && info.path.endsWith('/') ? info.path.slice(0, -1) : info.path
    for (const handler of handlers) {
      const reply = handler(context, path)
      if (reply === undefined) continue
      if (info.verb !== 'get' && info.verb !== 'head') throw methodNotAllowed({ group: '', plural: path }, info.verb)
      return reply
    }
    throw unknownPath()
  }
}

async function metricsReply(parts: PathParts): Promise<Reply> {
  const { contentType, text } = await parts.metrics()
  return { status: 200, contentType, body: Buffer.from(text) }
}
