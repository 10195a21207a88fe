// A namespace must not weaken its own Pod Security. RBAC checks changes of a Namespace within that namespace: a Role with all rights there,
// which tenants often have, could lower the level or create an exception, and its next pod could be root on a node.
import { groupResource } from '../../api/object.ts'
import { forbidden } from '../../api/status.ts'
import { type AdmissionRequest, admitted, type Verdict } from '../admission.ts'
import type { PluginDefinition, PluginSteps } from '../plugin-definition.ts'
import { namespaceDefaults, type PodSecurityConfiguration } from '../pod-security/configuration.ts'
import { formatLevelVersion, isLooser, policyOf } from '../pod-security/policy.ts'
import type { DecideFor } from '../policy/request-view.ts'

export interface PodSecurityRelaxationOptions {
  readonly decide: DecideFor
  readonly profile: 'secure' | 'upstream'
  readonly configuration?: { readonly podSecurity?: PodSecurityConfiguration } | undefined
}

const exceptions = 'podsecurityexceptions.bulkhead.dev'

export const podSecurityRelaxation: PluginDefinition<PodSecurityRelaxationOptions> = {
  name: 'PodSecurityRelaxation',
  does: 'Requires a cluster-wide right to lower Pod Security in a namespace or to create an exception',
  on: 'secure',
  guard: 'users with all rights in one namespace can lower its Pod Security and become root on a node',
  handles: [
    { operations: ['UPDATE'], resources: ['namespaces', 'namespaces/*'] },
    { operations: ['CREATE', 'UPDATE'], resources: [exceptions, `${exceptions}/*`] },
  ],
  status: [{ name: 'Pod Security levels lowered only with cluster rights', note: '', proofs: ['C3'] }],
  create,
}

function create({ decide, profile, configuration }: PodSecurityRelaxationOptions): PluginSteps {
  const { defaults } = namespaceDefaults(profile, configuration?.podSecurity)
  async function unlessRight(request: AdmissionRequest, what: string): Promise<Verdict> {
    const { user, resource, operation, name } = request
    const { group, plural } = resource
    const verb = operation === 'CREATE' ? 'create' : 'update'
    const { allowed } = await decide(request)({ serviceAccount: undefined, verb, group, resource: plural, name })
    if (allowed) return admitted
    const why = `user "${user.name}" may not ${what}: that takes the verb "${verb}" on ${groupResource(group, plural)} by a ClusterRoleBinding, not within the namespace`
    return { allowed: false, error: forbidden(resource, name, why) }
  }

  return {
    // Runs after everything that can change labels, and for each subresource: those of a Namespace accept labels too.
    async validate(request) {
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
