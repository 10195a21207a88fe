import type { PodSpec } from '../../../api/types/core-v1.ts'
import { type CheckResult, type PodSecurityCheck, passed } from '../check.ts'

const first = [
  'kernel.shm_rmid_forced',
  'net.ipv4.ip_local_port_range',
  'net.ipv4.tcp_syncookies',
  'net.ipv4.ping_group_range',
  'net.ipv4.ip_unprivileged_port_start',
]
const since27 = [...first, 'net.ipv4.ip_local_reserved_ports']
const since29 = [
  ...since27,
  'net.ipv4.tcp_keepalive_time',
  'net.ipv4.tcp_fin_timeout',
  'net.ipv4.tcp_keepalive_intvl',
  'net.ipv4.tcp_keepalive_probes',
]
const since32 = [...since29, 'net.ipv4.tcp_rmem', 'net.ipv4.tcp_wmem']

function check(spec: PodSpec, safe: readonly string[]): CheckResult {
  const sysctls = spec.securityContext?.sysctls ?? []
  const bad = sysctls.filter(({ name }) => !safe.includes(name))
  if (bad.length === 0) return passed
  return {
    allowed: false,
    reason: 'forbidden sysctls',
    detail: bad.map(({ name }) => name).join(', '),
    fields: bad.map(sysctl => `spec.securityContext.sysctls[${sysctls.indexOf(sysctl)}].name`),
  }
}

/** Sysctls outside the namespaced, safe ones change the kernel for every pod of the node. */
export const sysctls: PodSecurityCheck = {
  id: 'sysctls',
  level: 'baseline',
  versions: [
    { since: 0, check: ({ spec }) => check(spec, first) },
    { since: 27, check: ({ spec }) => check(spec, since27) },
    { since: 29, check: ({ spec }) => check(spec, since29) },
    { since: 32, check: ({ spec }) => check(spec, since32) },
  ],
  fix({ spec }) {
    if (spec.securityContext?.sysctls)
      spec.securityContext.sysctls = spec.securityContext.sysctls.filter(({ name }) => first.includes(name))
  },
}
