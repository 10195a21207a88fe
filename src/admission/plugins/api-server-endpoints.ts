// The endpoints of the Service `kubernetes` say where the API server is: network policies open the way to them, and pods send their tokens there.
// Servers list each other there by their Leases, and the Leases of controllers and scheduler say whose decisions count.

import { groupResource } from '../../api/object.ts'
import { forbidden } from '../../api/status.ts'
import { type AdmissionRequest, admitted, type Verdict } from '../admission.ts'
import type { PluginDefinition } from '../plugin-definition.ts'

const leaseNamespace = 'kube-system'
const serverLeasePrefix = 'apiserver-'
/** Upstream's, by which the Leases of servers are found. */
const serverLeaseLabel = 'apiserver.kubernetes.io/identity'
/** Who may hold a Lease of this name. */
const holders: ReadonlyMap<string, string> = new Map([
  ['kube-controller-manager', 'system:kube-controller-manager'],
  ['kube-scheduler', 'system:kube-scheduler'],
])

const serviceNamespace = 'default'
const serviceName = 'kubernetes'
const serviceLabel = 'kubernetes.io/service-name'
/** As upstream's loopback client. Not `system:masters`: the server writes both objects at each start. */
const server = 'system:apiserver'

export const apiServerEndpoints: PluginDefinition = {
  name: 'APIServerEndpoints',
  does: 'Lets only the API server write its own Endpoints, EndpointSlices (`default/kubernetes`) and Leases, and only control loops theirs',
  on: 'secure',
  guard:
    'users who may write Endpoints in `default` give pods of all namespaces access to any address, and receive requests for the API server',
  handles: [
    { operations: ['CREATE', 'UPDATE', 'DELETE'], resources: ['endpoints', 'endpointslices.discovery.k8s.io'] },
    { operations: ['CREATE', 'UPDATE', 'DELETE'], resources: ['leases.coordination.k8s.io'] },
  ],
  status: [{ name: "only the API server writes the Service kubernetes' endpoints", note: 'APIServerEndpoints' }],
  create: () => ({
    handles: ({ namespace, user }) => (namespace === serviceNamespace || namespace === leaseNamespace) && user.name !== server,
    async validate(request) {
      if (groupResource(request.resource.group, request.resource.plural) === 'leases.coordination.k8s.io') return validateLease(request)
      if (request.namespace !== serviceNamespace) return admitted
      if (!isOfApiServer(request)) return admitted
      const why = `only the API server itself writes the endpoints of the Service "${serviceNamespace}/${serviceName}"`
      return { allowed: false, error: forbidden(request.resource, request.name, why) }
    },
  }),
}

/** A Lease of a server counts by its label too, because servers find it by that. The Lease of a control loop can be deleted. */
function validateLease({ resource, name, namespace, object, oldObject, operation, user }: AdmissionRequest): Verdict {
  if (namespace !== leaseNamespace) return admitted
  const isOfServer =
    name.startsWith(serverLeasePrefix) || [object, oldObject].some(lease => lease?.metadata.labels?.[serverLeaseLabel] !== undefined)
  if (isOfServer) return refused(resource, name, 'only an API server itself writes the Lease by which others list it')
  const holder = operation === 'DELETE' ? undefined : holders.get(name)
  return holder === undefined || holder === user.name ? admitted : refused(resource, name, `only "${holder}" holds this Lease`)
}

const refused = (resource: AdmissionRequest['resource'], name: string, why: string): Verdict => ({
  allowed: false,
  error: forbidden(resource, name, why),
})

/** A slice counts by its label, whatever its name is. One that is there already can be deleted, or lose its label. */
function isOfApiServer({ resource, name, object }: AdmissionRequest): boolean {
  if (name === serviceName) return true
  return groupResource(resource.group, resource.plural) !== 'endpoints' && object?.metadata.labels?.[serviceLabel] === serviceName
}
