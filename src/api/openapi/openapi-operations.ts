// The OpenAPI operations of one resource: its paths, and the input and output of each verb. Neutral between v2 and v3.
import { groupVersion } from '../object.ts'
import { type GroupVersionKind, type SchemaField, schemaFor } from '../schema/model.ts'
import type { DiscoverableResource } from './discovery.ts'

export interface QueryParameter {
  readonly name: string
  readonly type: 'string' | 'integer' | 'boolean'
}

export interface Operation {
  readonly method: 'get' | 'post' | 'put' | 'patch' | 'delete' | 'options' | 'head'
  readonly id: string
  /** x-kubernetes-action. */
  readonly action: string
  readonly description: string
  readonly kind: GroupVersionKind
  readonly query: readonly QueryParameter[]
  /** Type keys (`core/v1.Pod`); an undefined body means none, an undefined answer means text. */
  readonly body: string | undefined
  readonly answer: string | undefined
  /** Media types of an answer that is no object. */
  readonly produces?: readonly string[]
  /** Whether it belongs to a custom resource, which supports neither strategic merge patch nor protobuf. */
  readonly custom: boolean
}

export interface ResourcePath {
  readonly path: string
  /** `name`, `namespace`, `path`, in upstream's order. */
  readonly pathParameters: readonly string[]
  /** Query parameters of all operations of the path. */
  readonly query: readonly QueryParameter[]
  readonly operations: readonly Operation[]
  /** Client generators group operations by this tag, `rbacAuthorization_v1`. */
  readonly tag: string
}

/** An operation before its description from its path is added. */
type Draft = Omit<Operation, 'description' | 'custom'>

const text = (...names: string[]): QueryParameter[] => names.map(name => ({ name, type: 'string' }))
const integers = (...names: string[]): QueryParameter[] => names.map(name => ({ name, type: 'integer' }))
const booleans = (...names: string[]): QueryParameter[] => names.map(name => ({ name, type: 'boolean' }))

const listing = [
  ...booleans('allowWatchBookmarks'),
  ...text('continue', 'fieldSelector', 'labelSelector'),
  ...integers('limit'),
  ...text('resourceVersion', 'resourceVersionMatch'),
  ...booleans('sendInitialEvents'),
  ...integers('timeoutSeconds'),
  ...booleans('watch'),
]
const writing = text('dryRun', 'fieldManager', 'fieldValidation')
const deleting = [
  ...text('dryRun'),
  ...integers('gracePeriodSeconds'),
  ...booleans('ignoreStoreReadErrorWithClusterBreakingPotential', 'orphanDependents'),
  ...text('propagationPolicy'),
]
/** Query parameters of every list, write or deletion; `pretty` belongs to the path. */
export const commonParameters: readonly QueryParameter[] = [
  ...new Map([...listing, ...writing, ...deleting, ...booleans('force'), ...text('pretty')].map(query => [query.name, query])).values(),
]
const deletingMany = [...deleting, ...listing.filter(({ name }) => name !== 'allowWatchBookmarks' && name !== 'watch')]

const statusKey = 'meta/v1.Status'
const deleteOptionsKey = 'meta/v1.DeleteOptions'

/** All paths of a resource and its subresources below its group version. */
export function pathsOf(resource: DiscoverableResource): ResourcePath[] {
  const base = `/${resource.group === '' ? 'api' : 'apis'}/${groupVersion(resource.group, resource.version)}`
  const scope = resource.namespaced ? '/namespaces/{namespace}' : ''
  const namespace = resource.namespaced ? ['namespace'] : []
  const paths: ResourcePath[] = []
  const custom = resource.custom !== undefined
  const tag = groupTag(resource.group, resource.version)
  const add = (
    path: string,
    pathParameters: readonly string[],
    drafts: readonly Draft[],
    { part = '', query = [] }: { part?: string; query?: readonly QueryParameter[] } = {},
  ): void => {
    const operations = drafts.map(draft => ({ ...draft, custom, description: description(draft, resource, part) }))
    if (operations.length > 0) paths.push({ path, pathParameters, query, operations, tag })
  }
  add(`${base}${scope}/${resource.plural}`, namespace, collectionOperations(resource))
  const one = `${base}${scope}/${resource.plural}/{name}`
  add(one, ['name', ...namespace], objectOperations(resource))
  if (resource.namespaced && resource.verbs.includes('list')) add(`${base}/${resource.plural}`, [], [listOperation(resource, true)])
  for (const sub of resource.subresources) {
    const operations = subresourceOperations(resource, sub)
    add(`${one}/${sub.name}`, ['name', ...namespace], operations, { part: sub.name })
    // The proxied target has its own paths.
    if (sub.name === 'proxy') {
      const behind = operations.map(operation => ({ ...operation, id: `${operation.id}WithPath` }))
      add(`${one}/${sub.name}/{path}`, ['name', ...namespace, 'path'], behind, { part: sub.name })
    }
  }
  if (!custom && resource.verbs.includes('watch')) {
    const watched = `${base}/watch${scope}/${resource.plural}`
    add(watched, namespace, [watchOperation(resource, 'List')], { query: listing })
    add(`${watched}/{name}`, ['name', ...namespace], [watchOperation(resource)], { query: listing })
    if (resource.namespaced) {
      const all = watchOperation({ ...resource, namespaced: false }, 'ListForAllNamespaces')
      add(`${base}/watch/${resource.plural}`, [], [all], { query: listing })
    }
  }
  return paths
}

/** The deprecated form of a watch, which clients generated from OpenAPI still offer. */
function watchOperation(resource: DiscoverableResource, list = ''): Draft {
  const { group, version, kind } = resource
  return {
    method: 'get',
    id: `watch${noun(resource)}${list}`,
    action: list === '' ? 'watch' : 'watchlist',
    kind: { group, version, kind },
    query: [],
    body: undefined,
    answer: 'meta/v1.WatchEvent',
  }
}

/** In upstream's words; `part` is the subresource. */
function description({ action, method }: Draft, { kind, custom }: DiscoverableResource, part: string): string {
  const of = part === '' ? '' : ` ${part} of`
  const plural = kind.endsWith('s') && !kind.endsWith('ss')
  const one = plural ? ` ${kind}` : ` ${/^[aeiou]/i.test(kind) ? 'an' : 'a'} ${kind}`
  switch (action) {
    case 'list':
      return `list ${custom === undefined ? 'or watch ' : ''}objects of kind ${kind}`
    case 'deletecollection':
      return `delete collection of ${kind}`
    case 'watch':
      return `watch an object of kind ${kind}; deprecated: ask for a list with "watch" and a "fieldSelector" of its name instead`
    case 'watchlist':
      return `watch objects of kind ${kind}; deprecated: ask for a list with "watch" instead`
    case 'connect':
      return `connect ${method.toUpperCase()} requests to ${part} of ${kind}`
    case 'post':
      return `create${of}${one}`
    case 'delete':
      return `delete${of}${one}`
    default:
      return `${readingVerbs[action] ?? action}${of} the specified ${kind}`
  }
}

const readingVerbs: Readonly<Record<string, string>> = { get: 'read', put: 'replace', patch: 'partially update' }

/** A group as upstream writes it in names. */
function groupWords(group: string): string[] {
  return (group === '' ? 'core' : group.replace(/\.k8s\.io$/, '')).split(/[.-]/)
}

const upper = (word: string): string => word.charAt(0).toUpperCase() + word.slice(1)

/** `rbacAuthorization_v1`, or `rbacAuthorization` for a whole group. */
export function groupTag(group: string, version?: string): string {
  const [first = '', ...others] = groupWords(group)
  return `${first}${others.map(upper).join('')}${version === undefined ? '' : `_${version}`}`
}

/** `RbacAuthorizationV1NamespacedRole`: part of upstream's names of operations. */
function noun(resource: DiscoverableResource, before = ''): string {
  const group = groupWords(resource.group).map(upper).join('')
  return `${group}${upper(resource.version)}${before}${resource.namespaced ? 'Namespaced' : ''}${resource.kind}`
}

/** The type of a resource's objects, of their list, or of a subresource's body. */
function keyOf({ group, version, kind }: GroupVersionKind, resource: DiscoverableResource): string | undefined {
  const own = group === resource.group && version === resource.version
  return own && resource.custom !== undefined ? customTypeKey(group, version, kind) : schemaFor(group, version, kind)?.key
}

/** A type key of a custom kind. */
export function customTypeKey(group: string, version: string, kind: string): string {
  return `custom:${group}/${version}.${kind}`
}

function listOperation(resource: DiscoverableResource, allNamespaces: boolean): Draft {
  const { group, version, kind } = resource
  const name = allNamespaces ? `${noun({ ...resource, namespaced: false })}ForAllNamespaces` : noun(resource)
  return {
    method: 'get',
    id: `list${name}`,
    action: 'list',
    kind: { group, version, kind },
    query: listing,
    body: undefined,
    answer: keyOf({ group, version, kind: resource.custom === undefined ? `${kind}List` : resource.listKind }, resource),
  }
}

function collectionOperations(resource: DiscoverableResource): Draft[] {
  const { group, version, kind, verbs } = resource
  const key = keyOf(resource, resource)
  const common = { kind: { group, version, kind } }
  return [
    ...(verbs.includes('list') ? [listOperation(resource, false)] : []),
    ...(verbs.includes('create')
      ? [{ ...common, method: 'post' as const, id: `create${noun(resource)}`, action: 'post', query: writing, body: key, answer: key }]
      : []),
    ...(verbs.includes('deletecollection')
      ? [
          {
            ...common,
            method: 'delete' as const,
            id: `delete${noun(resource, 'Collection')}`,
            action: 'deletecollection',
            query: deletingMany,
            body: deleteOptionsKey,
            answer: statusKey,
          },
        ]
      : []),
  ]
}

function objectOperations(resource: DiscoverableResource): Draft[] {
  const { group, version, kind, verbs } = resource
  const operations = updateOperations(resource, verbs, { group, version, kind }, '')
  if (verbs.includes('delete')) {
    operations.push({
      method: 'delete',
      id: `delete${noun(resource)}`,
      action: 'delete',
      kind: { group, version, kind },
      query: deleting,
      body: deleteOptionsKey,
      answer: resource.deletion?.returnsObject === true ? keyOf(resource, resource) : statusKey,
    })
  }
  return operations
}

function updateOperations(resource: DiscoverableResource, verbs: readonly string[], kind: GroupVersionKind, suffix: string): Draft[] {
  const key = keyOf(kind, resource)
  const id = (verb: string): string => `${verb}${noun(resource)}${suffix}`
  const operations: Draft[] = []
  if (verbs.includes('get')) {
    operations.push({ method: 'get', id: id('read'), action: 'get', kind, query: [], body: undefined, answer: key })
  }
  if (verbs.includes('update')) {
    operations.push({ method: 'put', id: id('replace'), action: 'put', kind, query: writing, body: key, answer: key })
  }
  if (verbs.includes('patch')) {
    const query = [...writing, ...booleans('force')]
    operations.push({ method: 'patch', id: id('patch'), action: 'patch', kind, query, body: 'meta/v1.Patch', answer: key })
  }
  return operations
}

function subresourceOperations(resource: DiscoverableResource, sub: DiscoverableResource['subresources'][number]): Draft[] {
  const own = { group: resource.group, version: resource.version, kind: resource.kind }
  const kind = sub.kind ?? own
  const suffix = upper(sub.name)
  if (sub.name === 'log') {
    const query = optionsQuery({ group: '', version: 'v1', kind: 'PodLogOptions' })
    const id = `read${noun(resource)}${suffix}`
    const produces = ['text/plain', 'application/json', 'application/yaml']
    return [{ method: 'get', id, action: 'get', kind: own, query, body: undefined, answer: undefined, produces }]
  }
  if (kind.kind.endsWith('Options')) {
    const query = optionsQuery(kind)
    const verbs: Operation['method'][] = [...new Set(sub.verbs.map(verb => methods[verb]))]
    // Discovery has no verbs for these two methods, which are also proxied.
    if (sub.name === 'proxy') verbs.push('options', 'head')
    const produces = ['*/*']
    return verbs.map(method => {
      const id = `connect${noun(resource, upper(method))}${suffix}`
      return { method, id, action: 'connect', kind, query, body: undefined, answer: undefined, produces }
    })
  }
  const operations = updateOperations(resource, sub.verbs, kind, suffix)
  if (sub.verbs.includes('create')) {
    const key = keyOf(kind, resource)
    operations.push({
      method: 'post',
      id: `create${noun(resource)}${suffix}`,
      action: 'post',
      kind,
      query: writing,
      body: key,
      answer: key,
    })
  }
  return operations
}

const methods = { get: 'get', create: 'post', update: 'put', patch: 'patch', delete: 'delete' } as const

/** The fields of an options kind, as query parameters. */
function optionsQuery(kind: GroupVersionKind): QueryParameter[] {
  const fields = schemaFor(kind.group, kind.version, kind.kind)?.fields ?? []
  const typeOf = ({ type }: SchemaField): QueryParameter['type'] =>
    type.kind === 'bool' ? 'boolean' : type.kind === 'int32' || type.kind === 'int64' ? 'integer' : 'string'
  return fields
    .filter(({ name }) => name !== 'kind' && name !== 'apiVersion')
    .map(field => ({ name: field.name, type: typeOf(field) }))
    .sort((a, b) => (a.name < b.name ? -1 : 1))
}
