// Sysctls that affect only the pod that sets them: Pod Security and nodes allow no others.

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

/** By the minor version of Kubernetes that introduced each list. */
export const safeSysctls = { first, since27, since29, since32 } as const

/**
 * The name with dots. sysctl(8) accepts both separators; if a slash comes first, slashes separate and dots belong to names:
 * `net/ipv4/conf/eth0.1/forwarding` is `net.ipv4.conf.eth0/1.forwarding`.
 */
export function sysctlName(name: string): string {
  if (/[./]/.exec(name)?.[0] !== '/') return name
  return name.replace(/[./]/g, separator => (separator === '/' ? '.' : '/'))
}
