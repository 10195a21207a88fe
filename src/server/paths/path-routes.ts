// How upstream's router treats paths that are not resources: discovery of a version, `/version` and the issuer's documents are routes, with
// only GET and their own media types; lists of groups are answered outside the router.
import { csiCallPathPrefix } from '../../api/nodes/csi-call-path.ts'
import { aggregatedVersion, documentForm, requireAcceptableRoute, requireRouteFormat } from '../request/negotiate.ts'

/** The media types of routes without an aggregated form. */
const only: ReadonlyMap<string, string> = new Map([
  ['/version', 'application/json'],
  ['/.well-known/openid-configuration', 'application/json'],
  ['/openid/v1/jwks', 'application/jwk-set+json'],
])

const discoveryRoute = /^\/(?:api(?:\/[^/]+)?|apis\/[^/]+\/[^/]+)$/
const discovery = /^\/apis?(?:\/|$)/

/** The two paths with an aggregated form. */
const isRoot = (path: string): boolean => path === '/api' || path === '/apis'

export function takesMethod(path: string, verb: string): boolean {
  if (path.startsWith(csiCallPathPrefix)) return verb === 'post'
  return verb === 'get' || (verb === 'head' && !only.has(path) && !discoveryRoute.test(path))
}

/** Throws a 406 if the client accepts none of the media types. */
export function requireAcceptablePath(path: string, accept: string | undefined): void {
  const type = only.get(path)
  if (type !== undefined) requireRouteFormat(accept, [type])
  if (discoveryRoute.test(path)) requireAcceptableRoute(accept)
  if (discovery.test(path) && !(isRoot(path) && aggregatedVersion(accept))) documentForm(accept)
}
