import type { ManifestCheck } from '../manifest-check.ts'
import { removedApi } from '../removed-apis.ts'

/** A version that is not served any more is refused; what it protected is not deployed. */
export const deprecatedApi: ManifestCheck = {
  id: 'deprecated-api',
  severity: 'error',
  title: 'Manifests use versions that are served',
  serves: ['D2', 'S7'],
  check: set =>
    set.all.flatMap(on => {
      const { apiVersion = '', kind = '' } = on.object
      const removed = removedApi(apiVersion, kind)
      if (removed === undefined) return []
      const { use, removedIn } = removed
      const instead = use === undefined ? 'nothing took its place but Pod Security' : `use ${use}`
      return [{ on, field: 'apiVersion', message: `${kind} of ${apiVersion} is not served since Kubernetes v1.${removedIn}: ${instead}` }]
    }),
}
