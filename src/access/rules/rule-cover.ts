// Whether one set of RBAC rules grants everything that another does, for the escalation checks.
import { goQuotedList } from '../../api/go-text/go-quote.ts'
import { writeJson } from '../../base/write-json.ts'
import type { PolicyRule } from './rbac-object.ts'
import type { RuleIndex, Steps } from './rule-index.ts'

/** One verb on one resource, or one verb on one path: the smallest pieces in which rules are compared. */
function* piecesOf(rule: PolicyRule): Generator<PolicyRule> {
  const names = rule.resourceNames ?? []
  for (const group of rule.apiGroups ?? []) {
    for (const resource of rule.resources ?? []) {
      for (const verb of rule.verbs) {
        const piece = { apiGroups: [group], resources: [resource], verbs: [verb] }
        if (names.length === 0) yield piece
        for (const name of names) yield { ...piece, resourceNames: [name] }
      }
    }
  }
  for (const url of rule.nonResourceURLs ?? []) {
    for (const verb of rule.verbs) yield { nonResourceURLs: [url], verbs: [verb] }
  }
}

function covers(role: RuleIndex, { verbs, apiGroups, resources, resourceNames, nonResourceURLs }: PolicyRule, steps: Steps): boolean {
  const [verb = ''] = verbs
  const url = nonResourceURLs?.[0]
  if (url !== undefined) return role.coversUrl(verb, url, steps)
  return role.covers({ verb, group: apiGroups?.[0] ?? '', resource: resources?.[0] ?? '', name: resourceNames?.[0] }, steps)
}

/** Number of pieces of the rules: the product of the lengths of each rule's lists. */
export function pieceCount(rules: readonly PolicyRule[]): number {
  return rules.reduce((sum, { apiGroups, resources, verbs, resourceNames, nonResourceURLs }) => {
    const names = Math.max(resourceNames?.length ?? 0, 1)
    const ofResources = (apiGroups?.length ?? 0) * (resources?.length ?? 0) * names
    return sum + (ofResources + (nonResourceURLs?.length ?? 0)) * verbs.length
  }, 0)
}

/**
 * The pieces of `wanted` that none of the roles covers; empty if all are covered. Undefined if the comparison takes more steps than are
 * left.
 */
export function uncoveredRules(held: readonly RuleIndex[], wanted: readonly PolicyRule[], steps: Steps): PolicyRule[] | undefined {
  const uncovered: PolicyRule[] = []
  for (const rule of wanted) {
    for (const piece of piecesOf(rule)) {
      const covered = held.some(role => covers(role, piece, steps))
      if (steps.left < 0) return undefined
      if (!covered) uncovered.push(piece)
    }
  }
  return uncovered
}

/** The first pieces up to a total length: a name of a megabyte with a thousand groups would give a gigabyte. */
export function firstPieces(pieces: readonly PolicyRule[], count: number, characters: number): readonly PolicyRule[] {
  let left = characters
  const end = pieces.findIndex(({ apiGroups, resources, verbs, resourceNames, nonResourceURLs }, at) => {
    for (const list of [apiGroups, resources, verbs, resourceNames, nonResourceURLs]) left -= list?.[0]?.length ?? 0
    return at === count || left < 0
  })
  return end === -1 ? pieces : pieces.slice(0, end)
}

/** Pieces that differ only in the verb become one rule, as upstream prints missing rights, with repeated verbs. */
export function compactRules(pieces: readonly PolicyRule[]): PolicyRule[] {
  const compacted = new Map<string, PolicyRule>()
  for (const piece of pieces) {
    const { verbs, ...rest } = piece
    const key = writeJson(rest)
    const known = piece.nonResourceURLs === undefined ? compacted.get(key) : undefined
    if (known === undefined) compacted.set(piece.nonResourceURLs === undefined ? key : writeJson(piece), { ...rest, verbs: [...verbs] })
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
