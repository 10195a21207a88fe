// The resources that a server behind an APIService reports, from either form of discovery. The report is untrusted: only known fields of the
// expected form are used.
import { writeJson } from '../../base/write-json.ts'

/** In the form of apidiscovery.k8s.io/v2. */
export interface DiscoveredResource {
  readonly resource: string
  readonly responseKind: DiscoveredKind
  readonly scope: 'Namespaced' | 'Cluster'
  readonly singularResource: string
  readonly verbs: readonly string[]
  readonly shortNames?: readonly string[]
  readonly categories?: readonly string[]
  readonly subresources?: readonly DiscoveredSubresource[]
}

export interface DiscoveredSubresource {
  readonly subresource: string
  readonly responseKind?: DiscoveredKind
  readonly verbs: readonly string[]
}

export interface DiscoveredKind {
  readonly group: string
  readonly version: string
  readonly kind: string
}

/** For one group version. */
const maxResources = 1000
const maxWords = 50
const maxWordLength = 253

/** From an `APIGroupDiscoveryList` (v2 or v2beta1, which are alike); undefined if it lacks the group version. Throws if it is no such list. */
export function fromAggregated(document: unknown, group: string, version: string): DiscoveredResource[] | undefined {
  for (const item of list(member(document, 'items'))) {
    if (member(member(item, 'metadata'), 'name') !== group) continue
    for (const served of list(member(item, 'versions'))) {
      if (member(served, 'version') !== version) continue
      return bounded(list(member(served, 'resources'))).map(readResource)
    }
  }
  return undefined
}

function readResource(value: unknown): DiscoveredResource {
  const subresources = bounded(list(member(value, 'subresources'))).map(readSubresource)
  const [shortNames, categories] = [words(member(value, 'shortNames')), words(member(value, 'categories'))]
  return {
    resource: name(member(value, 'resource')),
    responseKind: readKind(member(value, 'responseKind')),
    scope: member(value, 'scope') === 'Namespaced' ? 'Namespaced' : 'Cluster',
    singularResource: word(member(value, 'singularResource') ?? ''),
    verbs: words(member(value, 'verbs')),
    ...(shortNames.length === 0 ? {} : { shortNames }),
    ...(categories.length === 0 ? {} : { categories }),
    ...(subresources.length === 0 ? {} : { subresources }),
  }
}

function readSubresource(value: unknown): DiscoveredSubresource {
  const kind = member(value, 'responseKind')
  return {
    subresource: name(member(value, 'subresource')),
    ...(kind === undefined || kind === null ? {} : { responseKind: readKind(kind) }),
    verbs: words(member(value, 'verbs')),
  }
}

function readKind(value: unknown): DiscoveredKind {
  const part = (key: string): string => word(member(value, key) ?? '')
  return { group: part('group'), version: part('version'), kind: part('kind') }
}

/** From the `APIResourceList` of one group version, as upstream converts it. Throws if it is no such list. */
export function fromResourceList(document: unknown, group: string, version: string): DiscoveredResource[] {
  if (member(document, 'kind') !== 'APIResourceList' || member(document, 'groupVersion') !== `${group}/${version}`)
    throw new Error(`the answer is not an APIResourceList of ${group}/${version}`)
  const found = new Map<string, DiscoveredResource & { subresources?: DiscoveredSubresource[] }>()
  const all = bounded(list(member(document, 'resources')))
  for (const value of all) {
    const full = word(member(value, 'name'))
    if (full.includes('/')) continue
    const [shortNames, categories] = [words(member(value, 'shortNames')), words(member(value, 'categories'))]
    found.set(full, {
      resource: name(full),
      responseKind: listedKind(value),
      scope: member(value, 'namespaced') === true ? 'Namespaced' : 'Cluster',
      singularResource: word(member(value, 'singularName') ?? ''),
      verbs: words(member(value, 'verbs')),
      ...(shortNames.length === 0 ? {} : { shortNames }),
      ...(categories.length === 0 ? {} : { categories }),
    })
  }
  for (const value of all) {
    const [resource = '', subresource] = word(member(value, 'name')).split('/')
    const of = found.get(resource)
    if (subresource === undefined || of === undefined) continue
    of.subresources ??= []
    of.subresources.push({ subresource: name(subresource), responseKind: listedKind(value), verbs: words(member(value, 'verbs')) })
  }
  return [...found.values()]
}

function listedKind(value: unknown): DiscoveredKind {
  const part = (key: string): string => word(member(value, key) ?? '')
  return { group: part('group'), version: part('version'), kind: part('kind') }
}

function member(value: unknown, key: string): unknown {
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return undefined
  return (value as Readonly<Record<string, unknown>>)[key]
}

function list(value: unknown): readonly unknown[] {
  if (value === undefined || value === null) return []
  if (Array.isArray(value)) return value
  throw new Error('the discovery document has a single value instead of a list')
}

function bounded(values: readonly unknown[]): readonly unknown[] {
  if (values.length > maxResources) throw new Error(`the discovery document lists more than ${maxResources} resources`)
  return values
}

function words(value: unknown): string[] {
  const values = list(value)
  if (values.length > maxWords) throw new Error(`the discovery document has a list of more than ${maxWords} names`)
  return values.map(word)
}

function word(value: unknown): string {
  if (typeof value === 'string' && value.length <= maxWordLength) return value
  throw new Error(`the discovery document has a name that is no text of at most ${maxWordLength} characters`)
}

/** The valid path segments. */
function name(value: unknown): string {
  const text = word(value)
  if (/^[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?$/.test(text)) return text
  throw new Error(`the discovery document names a resource ${writeJson(text)}`)
}
