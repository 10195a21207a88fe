// Why an authorizer said yes or no, in terms of objects that an administrator can change.
import { type Attributes, systemMasters } from './access.ts'
import type { RbacAuthorizer } from './authorizers/rbac.ts'
import { combinedResource } from './authorizers/rule-match.ts'
import type { PolicyRule } from './rbac-object.ts'

/** What a refusal leaves open: which bindings there are, and what would have been enough. */
export interface MissingAccess {
  /** What the user is bound to where it asked, each as `RoleBinding "b/ns" of Role "r" to User "u"`. */
  readonly bindings: readonly string[]
  /** Further bindings, which are not listed. */
  readonly more: number
  /** The smallest rule that allows the request. */
  readonly rule: PolicyRule
  /** Where a Role with this rule belongs; '' needs a ClusterRole. */
  readonly namespace: string
}

export type ExplainAccess = (attributes: Attributes) => MissingAccess

/** Bindings can be as many as their authors like. */
const listed = { count: 10, characters: 2000 }

export function createExplainAccess({ bindingsFor }: Pick<RbacAuthorizer, 'bindingsFor'>): ExplainAccess {
  return attributes => {
    const namespace = attributes.isResource ? attributes.namespace : ''
    const bindings: string[] = []
    let more = 0
    let characters = 0
    for (const held of bindingsFor(attributes.user, namespace)) {
      // Only the text of what may be listed is written.
      const text = bindings.length < listed.count && characters <= listed.characters ? held.text : ''
      characters += text.length
      if (text === '' || characters > listed.characters) more++
      else bindings.push(held.roleExists ? text : `${text}, which does not exist`)
    }
    return { bindings, more, rule: smallestRule(attributes), namespace }
  }
}

/** One verb on one object where a name is known, else on the collection: a name in the body of a creation is not known to authorizers. */
export function smallestRule({ isResource, verb, group, resource, subresource, name, path }: Attributes): PolicyRule {
  if (!isResource) return { nonResourceURLs: [path], verbs: [verb] }
  return {
    apiGroups: [group],
    resources: [combinedResource(resource, subresource)],
    ...(name === '' ? {} : { resourceNames: [name] }),
    verbs: [verb],
  }
}

/** An allowing decision in words: two authorizers, the group of all rights and the nodes' own, allow without a reason of theirs. */
export function allowText(groups: readonly string[], reason: string): string {
  if (reason !== '') return reason
  return groups.includes(systemMasters)
    ? `SystemMasters: allowed as a member of the group "${systemMasters}"`
    : 'Node: allowed to a node for itself and what its pods need'
}
