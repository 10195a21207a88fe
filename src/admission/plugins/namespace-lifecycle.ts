// Nothing is created in a namespace that is absent or being deleted, and the system's namespaces cannot be deleted.

import { apiError, forbidden, notFound } from '../../api/status.ts'
import type { StoreReader } from '../../api/store-view.ts'
import type { Namespace } from '../../api/types/core-v1.ts'
import { type AdmissionRequest, admitted, type Verdict } from '../admission.ts'
import type { PluginDefinition, PluginSteps } from '../plugin-definition.ts'

const immortal: ReadonlySet<string> = new Set(['default', 'kube-system', 'kube-public'])
const namespaces = { group: '', plural: 'namespaces' }

export const namespaceLifecycle: PluginDefinition<{ readonly reader: StoreReader }> = {
  name: 'NamespaceLifecycle',
  does: 'Refuses new objects in a namespace that is absent or being deleted, and the deletion of system namespaces',
  on: 'always',
  guard: 'objects are created in namespaces that are being deleted and outlive them; `kube-system` can be deleted',
  handles: [{ operations: ['CREATE', 'UPDATE', 'DELETE', 'CONNECT'], resources: ['*/*'] }],
  create,
}

function create({ reader }: { readonly reader: StoreReader }): PluginSteps {
  const decide = ({ operation, resource, namespace, name }: AdmissionRequest): Verdict => {
    if (!resource.namespaced) {
      if (operation !== 'DELETE' || !immortal.has(name)) return admitted
      return { allowed: false, error: forbidden(namespaces, name, 'this namespace may not be deleted') }
    }
    // Objects in a namespace can always be deleted; reviews store nothing.
    if (operation === 'DELETE' || operation === 'CONNECT' || resource.group === 'authorization.k8s.io') return admitted
    const found = reader.get('namespaces', '', namespace)
    if (found === undefined) return { allowed: false, error: notFound(namespaces, namespace) }
    // An eviction, a binding and a token are creates too.
    if (operation !== 'CREATE' || (found as Namespace).status?.phase !== 'Terminating') return admitted
    const error = forbidden(resource, name, `unable to create new content in namespace ${namespace} because it is being terminated`)
    const causes = [{ reason: 'NamespaceTerminating', message: `namespace ${namespace} is being terminated`, field: 'metadata.namespace' }]
    return { allowed: false, error: apiError(403, 'Forbidden', error.message, { ...error.status.details, causes }) }
  }
  return {
    handles: ({ resource }) => resource.namespaced || (resource.group === '' && resource.plural === 'namespaces'),
    /** Runs before anything waits, is called, or reports faults of the object, also for a namespace that does not exist. */
    async mutate(request) {
      const verdict = decide(request)
      if (!verdict.allowed) throw verdict.error
    },
    /** Runs again, because the namespace may have been deleted during waits, */
    validate: async request => decide(request),
    /** or by another server. */
    recheck: request => (request.operation === 'CREATE' ? decide(request) : admitted),
  }
}
