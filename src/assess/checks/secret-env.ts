import type { ManifestCheck } from '../manifest-check.ts'

/**
 * Environment variables appear in crash reports, start-up logs and every child process. A file of a Secret does not, and follows its
 * changes.
 */
export const secretEnv: ManifestCheck = {
  id: 'secret-env',
  severity: 'note',
  title: 'Secrets reach containers as files',
  serves: ['D3', 'O4', 'CIS 5.4.1'],
  check: set =>
    set.workloads.flatMap(({ on, containers }) =>
      containers.flatMap(({ container, path }) => [
        ...(container.env ?? []).flatMap(({ name, valueFrom }, index) =>
          valueFrom?.secretKeyRef === undefined
            ? []
            : [{ on, field: `${path}.env[${index}]`, message: `variable "${name}" has the value of a Secret: mount it as a file` }],
        ),
        ...(container.envFrom ?? []).flatMap(({ secretRef }, index) =>
          secretRef === undefined
            ? []
            : [
                {
                  on,
                  field: `${path}.envFrom[${index}]`,
                  message: `the whole Secret "${secretRef.name ?? ''}" is in the environment: mount it as files`,
                },
              ],
        ),
      ]),
    ),
}
