import { defineCheck, ok, warning } from '../check.ts'

interface Facts {
  /** Name of process 1. */
  readonly first: string
  readonly systemd: boolean
}

export const serviceManager = defineCheck<Facts>({
  id: 'service-manager',
  group: 'Programs',
  title: 'service manager',
  reads: '/proc/1/comm, /run/systemd/system',
  read: machine => ({ first: machine.text('/proc/1/comm')?.trim() ?? 'unknown', systemd: machine.exists('/run/systemd/system') }),
  evaluate: ({ first, systemd }) =>
    systemd
      ? ok('systemd')
      : warning(
          `process 1 is "${first}": nothing starts the cluster again after a restart of the machine`,
          'start "bulkhead up" from what starts this machine; with systemd: bulkhead service install',
        ),
})
