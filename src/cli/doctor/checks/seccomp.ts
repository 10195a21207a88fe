import { defineCheck, failure, ok } from '../check.ts'

export const seccomp = defineCheck<string | undefined>({
  id: 'seccomp',
  group: 'Kernel',
  title: 'seccomp',
  reads: '/proc/sys/kernel/seccomp/actions_avail',
  forNodes: true,
  read: machine => machine.text('/proc/sys/kernel/seccomp/actions_avail'),
  evaluate: actions =>
    actions?.split(/\s+/).includes('errno') === true
      ? ok('filters are available')
      : failure(
          'missing: pods of level restricted do not start',
          'start a kernel with CONFIG_SECCOMP_FILTER, such as that of Debian: "apt-get install linux-image-amd64"',
        ),
})
