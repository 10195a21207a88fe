// The rights that a request needs, as a ClusterRole grants them. Written for what proofs send: paths that the server does not know are
// non-resource URLs here.
import type { ApiRequest } from '../../client/transport/transport.ts'
import { grantingRights } from './granting-rights.ts'

/** One verb on one resource of a group, or on a path that is no resource. */
export type Right = ResourceRight | { readonly verb: string; readonly url: string }

export interface ResourceRight {
  readonly verb: string
  readonly group: string
  /** With its subresource: `pods/log`. */
  readonly resource: string
}

/** Pure. A request that impersonates needs the right to do so, and no other: what it does is allowed to the impersonated user. */
export function rightsOf({ method, path, headers = {}, body }: Pick<ApiRequest, 'method' | 'path' | 'headers' | 'body'>): Right[] {
  const impersonated = Object.entries(headers).flatMap(([name, value]) => impersonationRight(name.toLowerCase(), value))
  if (impersonated.length > 0) return impersonated
  const { pathname, searchParams } = new URL(path, 'https://server')
  const found = /^\/(?:api|apis\/(?<group>[^/]+))\/v[0-9][a-z0-9]*\/(?<rest>.+)$/.exec(pathname)?.groups
  if (found?.['rest'] === undefined) return [{ verb: method.toLowerCase(), url: pathname }]
  const { group = '' } = found
  const { resource, named, subresource } = resourceOf(found['rest'].split('/'))
  const watches = ['true', '1'].includes(searchParams.get('watch') ?? '')
  const verb = verbOf(method, named, watches)
  const right = { verb, group, resource: subresource === undefined ? resource : `${resource}/${subresource}` }
  return [right, ...grantingRights(right, pathname, body?.toString() ?? '')]
}

function impersonationRight(name: string, value: string | string[]): Right[] {
  const extra = /^impersonate-extra-(.+)$/.exec(name)?.[1]
  const user = String(value).startsWith('system:serviceaccount:') ? 'serviceaccounts' : 'users'
  const resource = { 'impersonate-user': user, 'impersonate-group': 'groups', 'impersonate-uid': 'uids' }[name]
  if (extra !== undefined)
    return [{ verb: 'impersonate', group: 'authentication.k8s.io', resource: `userextras/${decodeURIComponent(extra)}` }]
  if (resource === undefined) return []
  return [{ verb: 'impersonate', group: resource === 'uids' ? 'authentication.k8s.io' : '', resource }]
}

function resourceOf(segments: readonly string[]) {
  const inNamespace = segments[0] === 'namespaces' && segments.length > 2 && !['status', 'finalize'].includes(segments[2] ?? '')
  const [resource = '', name, subresource] = inNamespace ? segments.slice(2) : segments
  return { resource, named: name !== undefined && name !== '', subresource }
}

function verbOf(method: ApiRequest['method'], named: boolean, watches: boolean): string {
  switch (method) {
    case 'GET':
      return watches ? 'watch' : named ? 'get' : 'list'
    case 'POST':
      return 'create'
    case 'PUT':
      return 'update'
    case 'PATCH':
      return 'patch'
    case 'DELETE':
      return named ? 'delete' : 'deletecollection'
  }
}
