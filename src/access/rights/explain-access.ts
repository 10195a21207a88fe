// Explains an authorization decision in terms of objects that an administrator can change.
import { type Attributes, systemMasters } from '../access.ts'
import type { RbacAuthorizer } from '../authorizers/rbac.ts'
import type { PolicyRule } from '../rules/rbac-object.ts'
import { combinedResource } from '../rules/rule-match.ts'

/** For a refusal: the existing bindings, and a rule that would be enough. */
export interface MissingAccess {
  /** The user's bindings in the requested namespace, each as `RoleBinding "b/ns" of Role "r" to User "u"`. */
  readonly bindings: readonly string[]
  /** Number of further bindings that are not listed. */
  readonly more: number
  /** The smallest rule that allows the request. */
  readonly rule: PolicyRule
  /** The namespace of a Role with this rule; '' needs a ClusterRole. */
  readonly namespace: string
}

export type ExplainAccess = (attributes: Attributes) => MissingAccess

/** The number of bindings is not limited. */
const listed = { count: 10, characters: 2000 }

export function createExplainAccess({ bindingsFor }: Pick<RbacAuthorizer, 'bindingsFor'>): ExplainAccess {
  return attributes => {
    const namespace = attributes.isResource ? attributes.namespace : ''
    const bindings: string[] = []
    let more = 0
    let characters = 0
    for (const held of bindingsFor(attributes.user, namespace)) {
      // Only listed bindings are formatted.
      const text = bindings.length < listed.count && characters <= listed.characters ? held.text : ''
      characters += text.length
      if (text === '' || characters > listed.characters) more++
      else bindings.push(held.roleExists ? text : `${text}, which does not exist`)
    }
    return { bindings, more, rule: smallestRule(attributes), namespace }
  }
}

/** One verb on one object if its name is known, else on the collection: authorizers do not see the name in the body of a create. */
export function smallestRule({ isResource, verb, group, resource, subresource, name, path }: Attributes): PolicyRule {
  if (!isResource) return { nonResourceURLs: [path], verbs: [verb] }
  return {
    apiGroups: [group],
    resources: [combinedResource(resource, subresource)],
    ...(name === '' ? {} : { resourceNames: [name] }),
    verbs: [verb],
  }
}

/** An allowing decision in words: the authorizers for system:masters and for nodes allow without a reason. */
export function allowText(groups: readonly string[], reason: string): string {
  if (reason !== '') return reason
  return groups.includes(systemMasters)
    ? `SystemMasters: allowed as a member of the group "${systemMasters}"`
    : 'Node: allowed to a node for itself and what its pods need'
}
