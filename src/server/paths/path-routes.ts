// How upstream's router takes the paths that are no resources: discovery below a version, `/version` and the issuer's documents are its routes, with
// GET alone and media types of their own; what lists groups is answered past it.
import { aggregatedVersion, documentForm, requireAcceptableRoute, requireRouteFormat } from '../request/negotiate.ts'

/** What the routes make that have no second form. */
const only: ReadonlyMap<string, string> = new Map([
  ['/version', 'application/json'],
  ['/.well-known/openid-configuration', 'application/json'],
  ['/openid/v1/jwks', 'application/jwk-set+json'],
])

const discoveryRoute = /^\/(?:api(?:\/[^/]+)?|apis\/[^/]+\/[^/]+)$/
const discovery = /^\/apis?(?:\/|$)/

/** The two that have an aggregated form. */
const isRoot = (path: string): boolean => path === '/api' || path === '/apis'

export function takesMethod(path: string, verb: string): boolean {
  return verb === 'get' || (verb === 'head' && !only.has(path) && !discoveryRoute.test(path))
}

/** Throws the 406 where the client accepts nothing of what is there. */
export function requireAcceptablePath(path: string, accept: string | undefined): void {
  const type = only.get(path)
  if (type !== undefined) requireRouteFormat(accept, [type])
  if (discoveryRoute.test(path)) requireAcceptableRoute(accept)
  if (discovery.test(path) && !(isRoot(path) && aggregatedVersion(accept))) documentForm(accept)
}
