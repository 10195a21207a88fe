import type { ManifestCheck } from '../manifest-check.ts'
import { bindingsOf } from '../rbac-rules.ts'

const builtInClusterRole = /^(?:system:.*|cluster-admin|admin|edit|view)$/
/** Every cluster creates these roles. */
const builtInRole = /^(?:kube-system\/(?:system:.*|extension-apiserver-authentication-reader)|kube-public\/system:.*)$/

/** A binding to a missing role grants whatever somebody later creates under that name. */
export const danglingRole: ManifestCheck = {
  id: 'dangling-role',
  severity: 'warning',
  title: 'Bound roles exist',
  serves: ['A6'],
  check: set =>
    bindingsOf(set).flatMap(({ on, binding: { roleRef } }) => {
      const cluster = roleRef.kind === 'ClusterRole'
      if (cluster ? builtInClusterRole.test(roleRef.name) : builtInRole.test(`${on.namespace}/${roleRef.name}`)) return []
      const resource = `${cluster ? 'clusterroles' : 'roles'}.rbac.authorization.k8s.io`
      if (set.find(resource, cluster ? '' : on.namespace, roleRef.name) !== undefined) return []
      return [{ on, field: 'roleRef.name', message: `there is no ${roleRef.kind} "${roleRef.name}" among the manifests` }]
    }),
}
