// Which objects a policy of manifests is for.

export interface ObjectScope {
  /** Unset for a policy of the cluster. */
  readonly namespace?: string
  readonly resources: readonly string[]
  readonly namespaces?: readonly string[]
}

/** For messages. */
export const policyTitle = (name: string, namespace: string | undefined): string =>
  namespace === undefined ? `ClusterManifestPolicy "${name}"` : `ManifestPolicy "${namespace}/${name}"`

/** The namespaces of the cluster itself, which a policy must name. */
const isOfCluster = (namespace: string): boolean => namespace.startsWith('kube-')

/** `namespace` is '' for an object without one. */
export function coversObject(scope: ObjectScope, group: string, plural: string, namespace: string): boolean {
  if (scope.namespace !== undefined && scope.namespace !== namespace) return false
  if (scope.namespaces !== undefined ? !scope.namespaces.includes(namespace) : scope.namespace === undefined && isOfCluster(namespace))
    return false
  const whole = group === '' ? plural : `${plural}.${group}`
  return scope.resources.some(
    resource => resource === '*' || resource === whole || (resource.startsWith('*.') && resource.slice(2) === group),
  )
}
