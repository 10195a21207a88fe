import { defineCheck, failure, notApplicable, ok } from '../check.ts'

interface Facts {
  /** Of version 2, as /sys/fs/cgroup/cgroup.controllers has them; undefined for version 1. */
  readonly unified: string | undefined
  /** Folders of version 1. */
  readonly hierarchies: readonly string[]
}

const needed = ['cpu', 'memory', 'pids']

export const cgroups = defineCheck<Facts>({
  id: 'cgroups',
  group: 'Kernel',
  title: 'cgroup controllers',
  reads: '/sys/fs/cgroup, version 1 or 2',
  forNodes: true,
  read: machine => ({ unified: machine.text('/sys/fs/cgroup/cgroup.controllers'), hierarchies: machine.names('/sys/fs/cgroup') }),
  evaluate({ unified, hierarchies }) {
    if (unified === undefined && hierarchies.length === 0) return notApplicable('no cgroups are mounted')
    const there = unified === undefined ? hierarchies : unified.trim().split(' ')
    const version = unified === undefined ? 'version 1' : 'version 2'
    const missing = needed.filter(name => !there.includes(name))
    if (missing.length === 0) return ok(`${version}: ${needed.join(', ')}`)
    return failure(
      `${version} without ${missing.join(', ')}: pods cannot be limited`,
      `add "cgroup_enable=${missing[0]} systemd.unified_cgroup_hierarchy=1" to GRUB_CMDLINE_LINUX in /etc/default/grub, then "update-grub" and restart`,
    )
  },
})
