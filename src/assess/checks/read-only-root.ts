import type { ManifestCheck } from '../manifest-check.ts'

/** On a writable root, an intruder can install tools and change the running program. */
export const readOnlyRoot: ManifestCheck = {
  id: 'read-only-root',
  severity: 'note',
  title: 'Containers have a read-only root file system',
  serves: ['C4', 'CIS 5.7.3', 'NSA immutable containers'],
  check: set =>
    set.workloads.flatMap(({ on, pod, containers }) => {
      if (pod.spec.os?.name === 'windows') return []
      return containers.flatMap(({ container, kind, path }) => {
        if (kind === 'ephemeralContainers' || container.securityContext?.readOnlyRootFilesystem === true) return []
        const field = `${path}.securityContext.readOnlyRootFilesystem`
        return [
          {
            on,
            field,
            message: `container "${container.name}" can write to its root file system: set readOnlyRootFilesystem to true, and mount an emptyDir where it writes`,
          },
        ]
      })
    }),
}
