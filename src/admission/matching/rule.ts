// Whether a rule of a policy or webhook matches a request, as upstream's `webhook/predicates/rules`.
import type { ResourceDefinition } from '../../api/resources/resource.ts'
import type { RuleWithOperations } from '../../api/types/admissionregistration-v1.ts'
import type { AdmissionRequest, Operation } from '../admission.ts'

/** The input of rules: the request as it came, or as in another version of its resource. */
export interface RuleTarget {
  readonly operation: Operation
  readonly resource: Pick<ResourceDefinition, 'group' | 'version' | 'plural'>
  readonly subresource: string
  /** Whether the object is in a namespace; a Namespace is not. */
  readonly inNamespace: boolean
}

export const isNamespace = ({ group, plural }: Pick<ResourceDefinition, 'group' | 'plural'>): boolean =>
  group === '' && plural === 'namespaces'

/** As upstream, a Namespace is within itself. */
export function namespaceOf({ resource, namespace, name }: AdmissionRequest): string {
  return isNamespace(resource) ? name : namespace
}

export function targetOf(request: AdmissionRequest, resource: ResourceDefinition = request.resource): RuleTarget {
  const { operation, subresource, namespace } = request
  return { operation, resource, subresource, inNamespace: !isNamespace(resource) && namespace !== '' }
}

export function matchesRule(rule: RuleWithOperations, target: RuleTarget): boolean {
  const { apiVersions = [], scope = '*' } = rule
  if (!coversResource(rule, target.operation, target.resource, target.subresource)) return false
  if (!includes(apiVersions, target.resource.version)) return false
  return scope === '*' || (scope === 'Namespaced') === target.inNamespace
}

/** The part of a rule that is the same for all requests for a resource, so that it can be indexed. */
export function coversResource(
  { operations = [], apiGroups = [], resources = [] }: RuleWithOperations,
  operation: Operation,
  { group, plural }: RuleTarget['resource'],
  subresource: string,
): boolean {
  if (!includes(operations, operation) || !includes(apiGroups, group)) return false
  return resources.some(entry => {
    const slash = entry.indexOf('/')
    const resource = slash < 0 ? entry : entry.slice(0, slash)
    const wanted = slash < 0 ? '' : entry.slice(slash + 1)
    return (resource === '*' || resource === plural) && (wanted === '*' || wanted === subresource)
  })
}

const includes = (list: readonly string[], value: string): boolean => list.includes('*') || list.includes(value)
