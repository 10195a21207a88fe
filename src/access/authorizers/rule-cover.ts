// Whether one set of RBAC rules grants everything that another does: the question behind every escalation check.
import { goQuotedList } from '../../api/go-quote.ts'
import type { PolicyRule } from '../rbac-object.ts'

/** One verb on one resource, or one verb on one path: rules are compared in these smallest pieces. */
function piecesOf(rule: PolicyRule): PolicyRule[] {
  const pieces: PolicyRule[] = []
  const names = rule.resourceNames ?? []
  for (const group of rule.apiGroups ?? []) {
    for (const resource of rule.resources ?? []) {
      for (const verb of rule.verbs) {
        const piece = { apiGroups: [group], resources: [resource], verbs: [verb] }
        if (names.length === 0) pieces.push(piece)
        for (const name of names) pieces.push({ ...piece, resourceNames: [name] })
      }
    }
  }
  for (const url of rule.nonResourceURLs ?? []) {
    for (const verb of rule.verbs) pieces.push({ nonResourceURLs: [url], verbs: [verb] })
  }
  return pieces
}

/** A rule that is asked about many pieces: its lists can be as long as its author likes. */
interface OwnedRule {
  readonly verbs: ReadonlySet<string>
  readonly groups: ReadonlySet<string>
  readonly resources: ReadonlySet<string>
  /** Undefined: every name. */
  readonly names: ReadonlySet<string> | undefined
  readonly urls: ReadonlySet<string>
  /** What stands before the `*` of a path. */
  readonly urlStarts: readonly string[]
}

function ownedRule({ verbs, apiGroups, resources, resourceNames, nonResourceURLs: urls = [] }: PolicyRule): OwnedRule {
  const names = new Set(resourceNames)
  return {
    verbs: new Set(verbs),
    groups: new Set(apiGroups),
    resources: new Set(resources),
    names: names.size === 0 ? undefined : names,
    urls: new Set(urls),
    urlStarts: urls.filter(url => url.endsWith('*')).map(url => url.slice(0, -1)),
  }
}

const holds = (set: ReadonlySet<string>, value: string): boolean => set.has('*') || set.has(value)

function covers(owner: OwnedRule, piece: PolicyRule): boolean {
  const [verb = ''] = piece.verbs
  if (!holds(owner.verbs, verb)) return false
  const url = piece.nonResourceURLs?.[0]
  if (url !== undefined) return holds(owner.urls, url) || owner.urlStarts.some(start => url.startsWith(start))
  const [group = ''] = piece.apiGroups ?? []
  if (!holds(owner.groups, group)) return false
  const [resource = ''] = piece.resources ?? []
  if (!resourceCovers(owner.resources, resource)) return false
  if (owner.names === undefined) return true
  const name = piece.resourceNames?.[0]
  return name !== undefined && owner.names.has(name)
}

function resourceCovers(held: ReadonlySet<string>, wanted: string): boolean {
  if (holds(held, wanted)) return true
  const slash = wanted.indexOf('/')
  return slash !== -1 && held.has(`*/${wanted.slice(slash + 1)}`)
}

/** How many comparisons a piece takes with these rules. */
export function comparisonsOf(owned: readonly PolicyRule[]): number {
  return owned.reduce((sum, { nonResourceURLs }) => sum + 1 + (nonResourceURLs?.length ?? 0), 0)
}

/** How many pieces the rules have: the product of what stands in each of them. */
export function pieceCount(rules: readonly PolicyRule[]): number {
  return rules.reduce((sum, { apiGroups, resources, verbs, resourceNames, nonResourceURLs }) => {
    const names = Math.max(resourceNames?.length ?? 0, 1)
    const ofResources = (apiGroups?.length ?? 0) * (resources?.length ?? 0) * names
    return sum + (ofResources + (nonResourceURLs?.length ?? 0)) * verbs.length
  }, 0)
}

/** The pieces of `wanted` that no rule of `owned` covers; empty where everything is covered. */
export function uncoveredRules(owned: readonly PolicyRule[], wanted: readonly PolicyRule[]): PolicyRule[] {
  const rules = owned.map(ownedRule)
  return wanted.flatMap(piecesOf).filter(piece => !rules.some(rule => covers(rule, piece)))
}

/** How long the pieces are together: a name of a megabyte beside a thousand groups stands for a gigabyte. */
export function pieceCharacters(pieces: readonly PolicyRule[]): number {
  const all = pieces.flatMap(({ apiGroups, resources, verbs, resourceNames, nonResourceURLs }) => [
    ...(apiGroups ?? []),
    ...(resources ?? []),
    ...verbs,
    ...(resourceNames ?? []),
    ...(nonResourceURLs ?? []),
  ])
  return all.reduce((sum, text) => sum + text.length, 0)
}

/** Pieces that differ only in the verb become one rule, as upstream prints what is missing: a verb as often as it is asked for. */
export function compactRules(pieces: readonly PolicyRule[]): PolicyRule[] {
  const compacted = new Map<string, PolicyRule>()
  for (const piece of pieces) {
    const { verbs, ...rest } = piece
    const key = JSON.stringify(rest)
    const known = piece.nonResourceURLs === undefined ? compacted.get(key) : undefined
    if (known === undefined)
      compacted.set(piece.nonResourceURLs === undefined ? key : JSON.stringify(piece), { ...rest, verbs: [...verbs] })
    else known.verbs.push(...verbs)
  }
  return [...compacted.values()]
}

/** `{APIGroups:[""], Resources:["pods"], Verbs:["get"]}`, as upstream prints a rule. */
export function ruleText(rule: PolicyRule): string {
  const parts: string[] = []
  const add = (name: string, list: readonly string[] | undefined) => {
    if (list && list.length > 0) parts.push(`${name}:${goQuotedList(list)}`)
  }
  add('APIGroups', rule.apiGroups)
  add('Resources', rule.resources)
  add('NonResourceURLs', rule.nonResourceURLs)
  add('ResourceNames', rule.resourceNames)
  add('Verbs', rule.verbs)
  return `{${parts.join(', ')}}`
}
