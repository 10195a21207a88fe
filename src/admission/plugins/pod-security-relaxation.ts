// What opens a namespace's nodes is not the namespace's own to say. RBAC asks for the right to change a Namespace within that namespace: a Role with every right there, as
// tenants often have, would lift the level of Pod Security, or write itself an exception, and with the next pod be root on a node.
import { groupResource } from '../../api/object.ts'
import { forbidden } from '../../api/status.ts'
import { type AdmissionPlugin, type AdmissionRequest, admitted, type Verdict } from '../admission.ts'
import { formatLevelVersion, isLooser, type PodSecurityPolicy, policyOf } from '../pod-security/policy.ts'
import type { DecideFor } from '../policy/request-view.ts'

export interface PodSecurityRelaxationOptions {
  readonly decide: DecideFor
  /** What holds where a namespace has no label. */
  readonly defaults: PodSecurityPolicy
}

const exceptions = 'podsecurityexceptions.bulkhead.dev'

export function podSecurityRelaxation({ decide, defaults }: PodSecurityRelaxationOptions): AdmissionPlugin {
  function unlessRight(request: AdmissionRequest, what: string): Verdict {
    const { user, resource, operation, name } = request
    const { group, plural } = resource
    const verb = operation === 'CREATE' ? 'create' : 'update'
    if (decide(request)({ serviceAccount: undefined, verb, group, resource: plural, name }).allowed) return admitted
    const why = `user "${user.name}" may not ${what}: that takes the verb "${verb}" on ${groupResource(group, plural)} by a ClusterRoleBinding, not within the namespace`
    return { allowed: false, error: forbidden(resource, name, why) }
  }

  return {
    name: 'PodSecurityRelaxation',
    handles({ resource, operation }) {
      const name = groupResource(resource.group, resource.plural)
      return name === 'namespaces' ? operation === 'UPDATE' : name === exceptions && (operation === 'CREATE' || operation === 'UPDATE')
    },
    // After everything that may change the labels, and of each subresource: those of a Namespace take labels too.
    validate(request) {
      const { resource, object, oldObject } = request
      if (object === undefined) return admitted
      if (resource.plural !== 'namespaces') return unlessRight(request, 'make exceptions from Pod Security')
      const before = policyOf(oldObject?.metadata.labels, defaults).policy.enforce
      const after = policyOf(object.metadata.labels, defaults).policy.enforce
      if (!isLooser(after, before)) return admitted
      return unlessRight(
        request,
        `lower Pod Security of the namespace from "${formatLevelVersion(before)}" to "${formatLevelVersion(after)}"`,
      )
    },
  }
}
