import { defineCheck, ok, warning } from '../check.ts'

interface Facts {
  readonly most: string | undefined
}

export const userNamespaces = defineCheck<Facts>({
  id: 'user-namespaces',
  group: 'Kernel',
  title: 'user namespaces',
  reads: '/proc/sys/user/max_user_namespaces',
  forNodes: true,
  read: machine => ({ most: machine.text('/proc/sys/user/max_user_namespaces') }),
  evaluate({ most }) {
    if (Number(most ?? 0) > 0) return ok(`up to ${most?.trim()}`)
    return warning('switched off: pods with hostUsers: false do not start', 'sysctl -w user.max_user_namespaces=65536')
  },
})
