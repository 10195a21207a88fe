// The endpoints of the Service `kubernetes` say where the API server is: network policies open the way to them, and pods send their tokens there.

import { groupResource } from '../../api/object.ts'
import { forbidden } from '../../api/status.ts'
import { type AdmissionRequest, admitted } from '../admission.ts'
import type { PluginDefinition } from '../plugin-definition.ts'

const serviceNamespace = 'default'
const serviceName = 'kubernetes'
const serviceLabel = 'kubernetes.io/service-name'
/** As upstream's loopback client. Not `system:masters`: the server writes both objects at each start. */
const server = 'system:apiserver'

export const apiServerEndpoints: PluginDefinition = {
  name: 'APIServerEndpoints',
  does: 'Lets only the API server write its own Endpoints and EndpointSlices (`default/kubernetes`)',
  on: 'secure',
  guard:
    'users who may write Endpoints in `default` give pods of all namespaces access to any address, and receive requests for the API server',
  handles: [{ operations: ['CREATE', 'UPDATE', 'DELETE'], resources: ['endpoints', 'endpointslices.discovery.k8s.io'] }],
  status: [{ name: "only the API server writes the Service kubernetes' endpoints", note: 'APIServerEndpoints' }],
  create: () => ({
    handles: ({ namespace, user }) => namespace === serviceNamespace && user.name !== server,
    async validate(request) {
      if (!isOfApiServer(request)) return admitted
      const why = `only the API server itself writes the endpoints of the Service "${serviceNamespace}/${serviceName}"`
      return { allowed: false, error: forbidden(request.resource, request.name, why) }
    },
  }),
}

/** A slice counts by its label, whatever its name is. One that is there already can be deleted, or lose its label. */
function isOfApiServer({ resource, name, object }: AdmissionRequest): boolean {
  if (name === serviceName) return true
  return groupResource(resource.group, resource.plural) !== 'endpoints' && object?.metadata.labels?.[serviceLabel] === serviceName
}
