import type { ManifestCheck } from '../manifest-check.ts'

const running: ReadonlySet<string> = new Set([
  'deployments.apps',
  'statefulsets.apps',
  'daemonsets.apps',
  'replicasets.apps',
  'replicationcontrollers',
])

/** Without a readiness probe a container gets traffic before it can answer, and a broken update replaces all working pods. */
export const probes: ManifestCheck = {
  id: 'probes',
  severity: 'note',
  title: 'Containers with ports have a readiness probe',
  serves: ['O6'],
  check: set =>
    set.workloads.flatMap(({ on, containers }) => {
      if (!running.has(on.resource)) return []
      return containers.flatMap(({ container, kind, path }) => {
        if (kind !== 'containers' || (container.ports ?? []).length === 0 || container.readinessProbe !== undefined) return []
        return [{ on, field: path, message: `container "${container.name}" has ports but no readinessProbe` }]
      })
    }),
}
