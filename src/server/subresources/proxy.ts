// Proxies to nodes, pods and services, which this server does not offer.
import { apiError } from '../../api/status.ts'
import type { ResourceHandler } from '../resource-verbs.ts'

/** A proxy lets whoever may use it speak to any port of a pod from inside the cluster: it is refused, not imitated. */
export function proxies(): readonly (readonly [string, ResourceHandler])[] {
  return ['nodes', 'pods', 'services'].map(resource => [
    `${resource}/proxy`,
    () => {
      throw apiError(501, 'MethodNotAllowed', `${resource}/proxy is not implemented by this API server; use kubectl port-forward instead`, {
        kind: resource,
      })
    },
  ])
}
