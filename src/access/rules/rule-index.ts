// The rules of one role, indexed by the fields of requests, so that a decision compares few of them.
import type { Attributes } from '../access.ts'
import type { PolicyRule } from './rbac-object.ts'
import { combinedResource, urlMatches } from './rule-match.ts'

/** The remaining steps of a decision: each tried role and each compared rule takes one. Below zero nothing more is found. */
export interface Steps {
  left: number
}

/** For roles that come with Bulkhead. */
export const anySteps = (): Steps => ({ left: Number.POSITIVE_INFINITY })

/** One verb on one resource or path. Without a name: on every object of the resource. */
export interface Right {
  readonly verb: string
  readonly group: string
  /** `pods` or `pods/log`. */
  readonly resource: string
  readonly name: string | undefined
}

/** Immutable: a changed role gets a new index. */
export interface RuleIndex {
  readonly rules: readonly PolicyRule[]
  /** Size of the index: at most twice the words of the rules. */
  readonly entries: number
  allows(attributes: Attributes, steps: Steps): boolean
  /** Whether the role grants this whole right: only `*` covers `*`. */
  covers(right: Right, steps: Steps): boolean
  coversUrl(verb: string, url: string, steps: Steps): boolean
}

/** The names for one verb, group and resource. */
interface Cell {
  everyName: boolean
  readonly names: Set<string>
}

/** An undefined list contains everything. */
interface WideRule {
  readonly verbs: ReadonlySet<string> | undefined
  readonly groups: ReadonlySet<string> | undefined
  readonly names: ReadonlySet<string> | undefined
}

interface ResourceRules {
  /** Verb -> group -> names. */
  readonly cells: Map<string, Map<string, Cell>>
  /** Rules with many more combinations than words are compared instead, so that the index never outgrows the role. */
  readonly wide: WideRule[]
}

interface UrlRules {
  /** The verbs of each rule with the URL. */
  readonly byUrl: Map<string, ReadonlySet<string>[]>
  readonly beginnings: { readonly pattern: string; readonly verbs: ReadonlySet<string> }[]
}

/** Limit of index entries per word of a rule. */
const entriesPerWord = 2

const orAll = (list: readonly string[] | undefined): ReadonlySet<string> | undefined => (list?.includes('*') ? undefined : new Set(list))
const wordsOf = (set: ReadonlySet<string> | undefined): Iterable<string> => set ?? ['*']
const sizeOf = (set: ReadonlySet<string> | undefined): number => set?.size ?? 1

export function indexRules(rules: readonly PolicyRule[]): RuleIndex {
  const resources = new Map<string, ResourceRules>()
  const urls: UrlRules = { beginnings: [], byUrl: new Map() }
  let entries = 0
  for (const rule of rules) {
    if (rule.nonResourceURLs && rule.nonResourceURLs.length > 0) entries += addUrls(urls, rule.nonResourceURLs, new Set(rule.verbs))
    if (rule.resources && rule.resources.length > 0) entries += addRule(resources, new Set(rule.resources), rule)
  }
  const anyResource = resources.get('*')
  const ofUrl = (url: string, verb: string, steps: Steps): boolean =>
    urls.byUrl.get(url)?.some(verbs => steps.left-- > 0 && hasVerb(verbs, verb)) ?? false
  const coversUrl = (verb: string, url: string, steps: Steps): boolean =>
    ofUrl('*', verb, steps) ||
    ofUrl(url, verb, steps) ||
    urls.beginnings.some(({ pattern, verbs }) => steps.left-- > 0 && hasVerb(verbs, verb) && urlMatches(pattern, url))
  const grants = (verb: string, group: string, resource: string, subresource: string, name: string | undefined, steps: Steps): boolean =>
    includes(anyResource, verb, group, name, steps) ||
    includes(resources.get(combinedResource(resource, subresource)), verb, group, name, steps) ||
    (subresource !== '' && includes(resources.get(`*/${subresource}`), verb, group, name, steps))
  return {
    rules,
    entries,
    allows(attributes, steps) {
      steps.left -= 1
      const { isResource, verb, group, resource, subresource, name, path } = attributes
      return isResource ? grants(verb, group, resource, subresource, name, steps) : coversUrl(verb, path, steps)
    },
    covers({ verb, group, resource, name }, steps) {
      steps.left -= 1
      const slash = resource.indexOf('/')
      if (slash === -1) return grants(verb, group, resource, '', name, steps)
      return grants(verb, group, resource.slice(0, slash), resource.slice(slash + 1), name, steps)
    },
    coversUrl(verb, url, steps) {
      steps.left -= 1
      return coversUrl(verb, url, steps)
    },
  }
}

/** Returns the number of entries. */
function addUrls({ byUrl, beginnings }: UrlRules, urls: readonly string[], verbs: ReadonlySet<string>): number {
  const different = new Set(urls)
  for (const url of different) {
    const known = byUrl.get(url)
    if (known === undefined) byUrl.set(url, [verbs])
    else known.push(verbs)
    if (url.endsWith('*') && url !== '*') beginnings.push({ pattern: url, verbs })
  }
  return 2 * different.size + verbs.size
}

const hasVerb = (verbs: ReadonlySet<string>, verb: string): boolean => verbs.has(verb) || verbs.has('*')

/** Returns the number of entries. */
function addRule(index: Map<string, ResourceRules>, resources: ReadonlySet<string>, rule: PolicyRule): number {
  const verbs = orAll(rule.verbs)
  const groups = orAll(rule.apiGroups)
  const names = rule.resourceNames && rule.resourceNames.length > 0 ? new Set(rule.resourceNames) : undefined
  const sizes = [resources.size, sizeOf(verbs), sizeOf(groups), sizeOf(names)]
  const rights = sizes.reduce((product, size) => product * size, 1)
  const words = sizes.reduce((sum, size) => sum + size, 0)
  const isWide = rights > entriesPerWord * words
  for (const resource of resources) {
    const found: ResourceRules = index.get(resource) ?? { cells: new Map(), wide: [] }
    index.set(resource, found)
    if (isWide) found.wide.push({ verbs, groups, names })
    else addCells(found.cells, wordsOf(verbs), wordsOf(groups), names)
  }
  return isWide ? words : rights
}

function addCells(
  cells: ResourceRules['cells'],
  verbs: Iterable<string>,
  groups: Iterable<string>,
  names: ReadonlySet<string> | undefined,
): void {
  for (const verb of verbs) {
    const ofVerb = cells.get(verb) ?? new Map<string, Cell>()
    cells.set(verb, ofVerb)
    for (const group of groups) {
      const cell = ofVerb.get(group) ?? { everyName: false, names: new Set() }
      ofVerb.set(group, cell)
      if (names === undefined) cell.everyName = true
      else for (const name of names) cell.names.add(name)
    }
  }
}

function includes(rules: ResourceRules | undefined, verb: string, group: string, name: string | undefined, steps: Steps): boolean {
  if (rules === undefined) return false
  if (inCells(rules.cells.get(verb), group, name) || inCells(rules.cells.get('*'), group, name)) return true
  for (const { verbs, groups, names } of rules.wide) {
    if (steps.left-- <= 0) return false
    if ((verbs?.has(verb) ?? true) && (groups?.has(group) ?? true) && (names === undefined || (name !== undefined && names.has(name))))
      return true
  }
  return false
}

function inCells(byGroup: ReadonlyMap<string, Cell> | undefined, group: string, name: string | undefined): boolean {
  return byGroup !== undefined && (inCell(byGroup.get(group), name) || inCell(byGroup.get('*'), name))
}

const inCell = (cell: Cell | undefined, name: string | undefined): boolean =>
  cell !== undefined && (cell.everyName || (name !== undefined && cell.names.has(name)))
