// A request by what RBAC calls it: verb, group, resource, namespace and name. Nothing is stored: every write is a dry run.
import type { UrlTarget } from '../../oracles/rbac.ts'
import { applyPatch, mergePatch, type ProofRequest } from '../../request.ts'

export interface ResourceAsk {
  readonly verb: 'get' | 'list' | 'watch' | 'create' | 'update' | 'patch' | 'delete' | 'deletecollection'
  readonly group: string
  readonly version: string
  readonly resource: string
  readonly subresource: string
  /** '' for a resource of the cluster, and for all namespaces together. */
  readonly namespace: string
  readonly name: string
  readonly body?: object
  /** Appended to the query, such as `fieldSelector=…`. */
  readonly query?: string
  /** Another way to what needs the same right: a WebSocket begins with a GET, and apply creates what is missing. */
  readonly by?: 'GET' | 'apply'
}

export interface UrlAsk extends UrlTarget {
  readonly verb: 'get' | 'post'
}

export type Ask = ResourceAsk | UrlAsk

const methods = {
  get: 'GET',
  list: 'GET',
  watch: 'GET',
  create: 'POST',
  update: 'PUT',
  patch: 'PATCH',
  delete: 'DELETE',
  deletecollection: 'DELETE',
} as const

export function requestOf(ask: Ask): ProofRequest {
  if ('url' in ask) return ask.verb === 'get' ? { method: 'GET', path: ask.url } : { method: 'POST', path: ask.url, body: {} }
  const { verb, group, version, resource, subresource, namespace, name, body, query, by } = ask
  const base = group === '' ? `/api/${version}` : `/apis/${group}/${version}`
  const isWrite = !(verb === 'get' || verb === 'list' || verb === 'watch')
  const parts = [base, ...(namespace === '' ? [] : ['namespaces', namespace]), resource, name, subresource].filter(part => part !== '')
  const queries = [
    ...(isWrite && by !== 'GET' ? ['dryRun=All'] : []),
    ...(by === 'apply' ? ['fieldManager=bulkhead-prove'] : []),
    ...(verb === 'watch' ? ['watch=true', 'timeoutSeconds=1'] : []),
    ...(query === undefined ? [] : [query]),
  ]
  const path = `${parts.join('/')}${queries.length === 0 ? '' : `?${queries.join('&')}`}`
  if (by === 'apply') return { method: 'PATCH', path, body: body ?? {}, contentType: applyPatch }
  const method = by ?? methods[verb]
  if (method === 'GET' || method === 'DELETE') return { method, path }
  const sent = body ?? { metadata: { name: name === '' ? 'bulkhead-prove' : name } }
  return method === 'PATCH' ? { method, path, body: body ?? {}, contentType: mergePatch } : { method, path, body: sent }
}

/** How a refusal by an authorizer names the access: that of another check, or of another right, does not count. */
export function refusalOf(ask: Ask): string {
  if ('url' in ask) return `cannot ${ask.verb} path "${ask.url}"`
  const { verb, resource, subresource, group } = ask
  return `cannot ${verb} resource "${subresource === '' ? resource : `${resource}/${subresource}`}" in API group "${group}"`
}

/** `get pods/log web in n1`, for names of attempts. */
export function askText(ask: Ask): string {
  if ('url' in ask) return `${ask.verb} ${ask.url}`
  const { verb, group, resource, subresource, namespace, name, by, query } = ask
  const what = `${resource}${group === '' ? '' : `.${group}`}${subresource === '' ? '' : `/${subresource}`}`
  const where = namespace === '' ? 'of the cluster' : `in ${namespace}`
  const how = [by === undefined ? '' : ` by ${by}`, query === undefined ? '' : ` with ${query}`].join('')
  return `${verb} ${what}${name === '' ? '' : ` "${name}"`} ${where}${how}`
}
