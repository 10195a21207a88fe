import type { ManifestCheck } from '../manifest-check.ts'

/** A container without a memory limit can take the memory of others; one without requests can be placed on a full node. */
export const resources: ManifestCheck = {
  id: 'resources',
  severity: 'warning',
  title: 'Containers have a memory limit and request CPU and memory',
  serves: ['C7', 'C8', 'NSA resource limits'],
  check: set =>
    set.workloads.flatMap(({ on, containers }) => {
      // A LimitRange of the namespace sets missing values.
      if (set.of('limitranges').some(({ namespace }) => namespace === on.namespace)) return []
      return containers.flatMap(({ container, kind, path }) => {
        if (kind === 'ephemeralContainers' || !('resources' in container)) return []
        const { requests = {}, limits = {} } = container.resources ?? {}
        const missing = [
          ...(limits['memory'] === undefined ? ['limits.memory'] : []),
          // A limit is also the request if no request is set.
          ...['cpu', 'memory'].filter(name => requests[name] === undefined && limits[name] === undefined).map(name => `requests.${name}`),
        ]
        if (missing.length === 0) return []
        return [{ on, field: `${path}.resources`, message: `container "${container.name}" does not set ${missing.join(', ')}` }]
      })
    }),
}
