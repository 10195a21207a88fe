// Parses method and path: verb, group, resource, namespace, name, subresource.
import { requiredFieldValue } from '../../api/selectors/field-selector.ts'
import { apiError, badRequest, methodNotAllowed, unknownMethod, unknownPath } from '../../api/status.ts'
import { nameIsPathSegment } from '../../api/validation/names.ts'
import { writeJson } from '../../base/write-json.ts'
import type { ServedResource, ServedResources } from '../resource/served-resource.ts'
import { podStreams } from './connections.ts'
import { parseQuery, type Query } from './query.ts'

export interface ResourceRequestInfo {
  readonly isResource: true
  readonly verb: string
  readonly path: string
  readonly query: Query
  readonly group: string
  readonly version: string
  readonly namespace: string
  readonly resource: string
  readonly subresource: string
  readonly name: string
  /** The path after the subresource, for `proxy`. */
  readonly rest: readonly string[]
  /** Undefined if the path names no served resource: a 404 after authorization, so that clients cannot probe. */
  readonly served: ServedResource | undefined
}

export interface PathRequestInfo {
  readonly isResource: false
  /** The method in lower case. */
  readonly verb: string
  readonly path: string
  readonly query: Query
}

export type RequestInfo = ResourceRequestInfo | PathRequestInfo

/** The empty verb is that of methods that only another server may know. */
const mutatingVerbs: ReadonlySet<string> = new Set(['create', 'update', 'patch', 'delete', 'deletecollection', ''])

export const isMutating = ({ verb }: RequestInfo): boolean => mutatingVerbs.has(verb)

/** It lasts as long as the backend takes. */
export const isProxy = (info: RequestInfo): boolean => info.isResource && info.subresource === 'proxy'

/** Longer paths are refused: names have at most 253 bytes. */
const maxPathBytes = 8192
/** With the query, which contains each word of an exec command. */
const maxUrlBytes = 32_768

const verbOfMethod: Readonly<Record<string, { readonly one: string; readonly many: string }>> = {
  GET: { one: 'get', many: 'list' },
  HEAD: { one: 'get', many: 'list' },
  POST: { one: 'create', many: 'create' },
  PUT: { one: 'update', many: 'update' },
  PATCH: { one: 'patch', many: 'patch' },
  DELETE: { one: 'delete', many: 'deletecollection' },
}

/** Subresources of a namespace; any other segment after a namespace's name is a resource in it. */
const namespaceSubresources = new Set(['status', 'finalize'])

/** Whether the response can be a Table: as upstream, not for reviews, bodies of another kind, and streamed lists (sendInitialEvents). */
export function hasTable({ served, subresource, verb, query }: ResourceRequestInfo): boolean {
  if (served === undefined) return true
  if (verb === 'watch' && query.flag('sendInitialEvents')) return false
  if (subresource === '') return served.definition.virtual !== true || served.definition.verbs.includes('list')
  const kind = served.subresources.get(subresource)?.kind
  return kind === undefined || kind.kind === 'Scale'
}

/** Throws a 400 for a malformed path. `servedResource` checks after authorization whether the resource exists. */
export function requestInfo(method: string, url: string, resources: ServedResources): RequestInfo {
  if (url.length > maxUrlBytes) throw apiError(414, 'Unknown', 'the request URI is too long')
  requireTarget(url)
  const mark = url.indexOf('?')
  const path = mark < 0 ? url : url.slice(0, mark)
  if (path.length > maxPathBytes) throw apiError(414, 'Unknown', 'the request URI is too long')
  const query = mark < 0 ? parseQuery('') : parseQuery(url.slice(mark + 1))
  if (path.charCodeAt(0) !== 47 /* / */) throw badRequest('the request path must begin with "/"')
  const segments = splitPath(path)
  const start = resourceStart(segments)
  if (start === 0) return { isResource: false, verb: method.toLowerCase(), path, query }
  const group = start === 2 ? '' : (segments[1] ?? '')
  // `/apis//v1` is not an alias of `/api/v1`.
  const version = start === 3 && group === '' ? '' : (segments[start - 1] ?? '')
  return resourceInfo(method, path, query, group, version, segments.slice(start), resources)
}

/** Characters that no request target may contain (RFC 9112, 3.2): other parsers end it there, or treat a backslash as a slash. */
const noTarget = /[^\x21\x22\x24-\x5b\x5d-\x7e]/

function requireTarget(url: string): void {
  const at = url.search(noTarget)
  if (at >= 0) throw badRequest(`the request target must not hold ${writeJson(url[at])}: send it as a percent-encoded escape`)
}

/** Index of the first segment after group and version; 0 if the path names no resource. */
function resourceStart(segments: readonly string[]): number {
  if (segments[0] === 'api') return segments.length > 2 ? 2 : 0
  if (segments[0] === 'apis') return segments.length > 3 ? 3 : 0
  return 0
}

/** Characters for which a segment is refused or has to be decoded first. */
const oddInPath = /%|\/\.|\0/

function splitPath(path: string): string[] {
  const segments = path.slice(1).split('/')
  if (segments.at(-1) === '') segments.pop()
  if (!oddInPath.test(path)) return segments
  for (let i = 0; i < segments.length; i++) {
    const raw = segments[i] ?? ''
    const segment = raw.includes('%') ? unescapeSegment(raw) : raw
    if (segment === '.' || segment === '..' || segment.includes('\0')) throw badRequest('the request path must not hold ".", ".." or NUL')
    segments[i] = segment
  }
  return segments
}

function unescapeSegment(segment: string): string {
  try {
    return decodeURIComponent(segment)
  } catch (err) {
    if (err instanceof URIError) throw badRequest(`invalid URL escape in ${writeJson(segment)}`)
    throw err
  }
}

function resourceInfo(
  method: string,
  path: string,
  query: Query,
  group: string,
  version: string,
  parts: readonly string[],
  resources: ServedResources,
): RequestInfo {
  const verbs = verbOfMethod[method] ?? noVerb
  // A few clients still send the deprecated form `/watch/…`.
  const watchPath = parts[0] === 'watch' && parts.length > 1
  let at = watchPath ? 1 : 0
  let namespace = ''
  let isWithin = false
  if (parts[at] === 'namespaces' && parts.length > at + 1) {
    namespace = parts[at + 1] ?? ''
    isWithin = parts.length > at + 2 && !namespaceSubresources.has(parts[at + 2] ?? '')
    if (isWithin) at += 2
  }
  const resource = parts[at] ?? ''
  const name = parts[at + 1] ?? ''
  const subresource = parts[at + 2] ?? ''
  const rest = parts.slice(at + 3)
  // Without an escape no segment can contain forbidden characters.
  if (path.includes('%')) {
    if (isWithin) requireName('Namespace', namespace)
    requireName('Name', name)
  }
  const found = resources.find(group, version, resource)
  const form = { isWithin, watchPath, namespace, name, subresource, rest }
  const served = found && pathFits(found, form) ? found : undefined
  let verb = name === '' ? verbs.many : verbs.one
  if (watchPath || (verb === 'list' && query.flag('watch'))) verb = 'watch'
  // WebSockets can only be opened with GET: a right to read pods must not include running commands in them.
  if (verb === 'get' && group === '' && resource === 'pods' && podStreams.has(subresource)) verb = 'create'
  const selected = !watchPath && (verb === 'list' || verb === 'watch') ? nameInSelector(query) : ''
  return {
    isResource: true,
    verb,
    path,
    query,
    group,
    version,
    namespace,
    resource,
    subresource,
    name: name === '' ? selected : name,
    rest,
    served,
  }
}

/** Throws upstream's 400 for impossible names, whatever the verb: otherwise a list in such a namespace would be empty. */
function requireName(what: 'Namespace' | 'Name', name: string): void {
  const problems = nameIsPathSegment(name, false)
  if (problems.length > 0) throw badRequest(`${what} parameter invalid: ${writeJson(name)}: ${problems.join(', ')}`)
}

/** As upstream, other methods have an empty verb, which only a right to all verbs covers. Backends of a proxy accept OPTIONS. */
const noVerb = { one: '', many: '' } as const

interface PathForm extends Pick<ResourceRequestInfo, 'namespace' | 'name' | 'subresource' | 'rest'> {
  /** Whether the path has a namespace: `namespaces/a/pods`. */
  readonly isWithin: boolean
  readonly watchPath: boolean
}

/**
 * Whether the path exists, for any method. Requests within a namespace are authorized there, so cluster-scoped resources, including other namespaces,
 * must not be reachable that way.
 */
function pathFits({ definition, subresources }: ServedResource, form: PathForm): boolean {
  const { isWithin, watchPath, namespace, name, subresource, rest } = form
  const { namespaced } = definition
  const verbs: readonly string[] = definition.verbs
  const has = (some: readonly string[]): boolean => some.some(verb => verbs.includes(verb))
  if (isWithin !== namespaced && !(namespaced && name === '' && has(readsMany))) return false
  if (isWithin && namespace === '' && name !== '') return false
  if (watchPath) return subresource === '' && verbs.includes('watch')
  if (subresource !== '') return subresources.has(subresource) && (rest.length === 0 || subresource === 'proxy')
  return name === '' || has(ofOne)
}

const readsMany = ['list', 'watch'] as const
const ofOne = ['get', 'update', 'patch', 'delete'] as const

/** The served resource. Throws a 404 if there is none, and a 405 if it does not have the verb or method. */
export function servedResource(info: ResourceRequestInfo, method: string): ServedResource {
  const { served } = info
  if (served === undefined) throw unknownPath()
  const { verbs } = served.definition
  // The path is that of a list; watch is an option of it.
  if (info.verb === 'watch' && method === 'GET' && verbs.includes('list') && !verbs.includes('watch')) {
    throw methodNotAllowed(served.named, 'watch')
  }
  if (!hasMethod(info, method, served) || !isRouted(info, served.definition.namespaced)) throw unknownMethod()
  return served
}

function hasMethod({ verb, subresource }: ResourceRequestInfo, method: string, served: ServedResource): boolean {
  if (subresource === 'proxy' && method === 'OPTIONS') return true
  // For the deprecated paths, the path determines the verb, and the method is ignored.
  if (verb === 'watch' && method !== 'GET') return false
  // As upstream: for custom kinds and behind a proxy, HEAD is a GET without the body; built-in kinds do not have it.
  if (method === 'HEAD' && subresource !== 'proxy' && served.definition.custom === undefined) return false
  return verbsOf(served, subresource).includes(verb)
}

export function verbsOf(served: ServedResource, subresource: string): readonly string[] {
  return subresource === '' ? served.definition.verbs : (served.subresources.get(subresource)?.verbs ?? [])
}

/** Whether the path supports the verb: collections have no update, objects no create, and all namespaces together neither. */
function isRouted({ verb, name, namespace, subresource }: ResourceRequestInfo, namespaced: boolean): boolean {
  switch (verb) {
    case 'create':
      return subresource === '' ? name === '' && !(namespaced && namespace === '') : true
    case 'deletecollection':
      return !(namespaced && namespace === '')
    case 'update':
    case 'patch':
    case 'delete':
      return name !== ''
    default:
      return true
  }
}

/** A selector for one name requests only that object, so a right to this name is enough. Invalid names are ignored here. */
function nameInSelector(query: Query): string {
  const selector = query.get('fieldSelector')
  if (selector === undefined || selector === '') return ''
  const name = requiredFieldValue(selector, 'metadata.name') ?? ''
  return nameIsPathSegment(name, false).length === 0 ? name : ''
}
