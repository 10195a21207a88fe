import { defineCheck, ok, warning } from '../check.ts'

interface Facts {
  readonly enabled: string | undefined
  readonly seLinux: string | undefined
}

export const appArmor = defineCheck<Facts>({
  id: 'apparmor',
  group: 'Kernel',
  title: 'AppArmor or SELinux',
  reads: '/sys/module/apparmor/parameters/enabled, /sys/fs/selinux/enforce',
  forNodes: true,
  read: machine => ({
    enabled: machine.text('/sys/module/apparmor/parameters/enabled'),
    seLinux: machine.text('/sys/fs/selinux/enforce'),
  }),
  evaluate({ enabled, seLinux }) {
    if (enabled?.startsWith('Y') === true) return ok('AppArmor')
    if (seLinux?.startsWith('1') === true) return ok('SELinux enforces')
    return warning(
      'neither is on: pods that name an AppArmor profile do not start, and seccomp and capabilities are the only walls in the kernel',
      'add "apparmor=1 security=apparmor" to GRUB_CMDLINE_LINUX in /etc/default/grub, then "update-grub" and restart',
    )
  },
})
