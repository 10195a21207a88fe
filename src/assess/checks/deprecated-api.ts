import type { ManifestCheck } from '../manifest-check.ts'
import { removedApi } from '../removed-apis.ts'

/** The server refuses a version that it no longer serves, so what the object protects is not deployed. */
export const deprecatedApi: ManifestCheck = {
  id: 'deprecated-api',
  severity: 'error',
  title: 'Manifests use API versions that are still served',
  serves: ['D2', 'S7'],
  check: set =>
    set.all.flatMap(on => {
      const { apiVersion = '', kind = '' } = on.object
      const removed = removedApi(apiVersion, kind)
      if (removed === undefined) return []
      const { use, removedIn } = removed
      const instead = use === undefined ? 'Pod Security replaces it' : `use ${use}`
      return [{ on, field: 'apiVersion', message: `${kind} of ${apiVersion} is not served since Kubernetes v1.${removedIn}: ${instead}` }]
    }),
}
