// Containers with different declarations, and what the kernel must say of each. Those that declare more show that the read-back is no constant.
import type { Container, PodSecurityContext } from '../../../api/types/core-v1.ts'
import type { ExpectedFacts } from '../../oracles/container-facts.ts'

export interface DeclaredContainer {
  readonly name: string
  readonly init?: true
  readonly securityContext: Container['securityContext']
  readonly expected: ExpectedFacts
}

export const declaredPod: PodSecurityContext = {
  runAsUser: 65_532,
  runAsGroup: 65_533,
  supplementalGroups: [4242],
  fsGroup: 4343,
  // No seccomp profile: saying nothing means that of the runtime, too.
  sysctls: [{ name: 'net.ipv4.ip_unprivileged_port_start', value: '777' }],
}

const none = '0000000000000000'
const capabilities = (bounding: string, effective = none) => ({
  ...{ CapBnd: bounding, CapEff: effective, CapPrm: effective },
  ...{ CapInh: none, CapAmb: none },
})
const ids = (user: number, group: number) => ({
  Uid: Array(4).fill(user).join(' '),
  Gid: Array(4).fill(group).join(' '),
  Groups: [4242, 4343, group].toSorted((a, b) => a - b).join(' '),
})
const confined = { Seccomp: '2', NoNewPrivs: '1' }
const readOnly = 'Read-only file system'
/** Of every container, whatever it declares. */
const walls = {
  memory: '0',
  timers: '0',
  mount: 'denied',
  unshare: 'not permitted',
  first: 'sh',
  ports: '777',
  volume: readOnly,
  sysctl: readOnly,
}
const drop = ['ALL']
const base = { allowPrivilegeEscalation: false, capabilities: { drop }, readOnlyRootFilesystem: true }

const restricted = {
  status: { ...confined, ...capabilities(none), ...ids(65_532, 65_533) },
  probes: { ...walls, root: readOnly },
}

export const declaredContainers: readonly DeclaredContainer[] = [
  { name: 'restricted', securityContext: { ...base, seccompProfile: { type: 'RuntimeDefault' } }, expected: restricted },
  { name: 'init', init: true, securityContext: base, expected: restricted },
  {
    name: 'own-user',
    securityContext: { ...base, runAsUser: 1234, runAsGroup: 1235 },
    expected: { ...restricted, status: { ...restricted.status, ...ids(1234, 1235) } },
  },
  {
    name: 'one-capability',
    securityContext: { ...base, capabilities: { drop, add: ['NET_BIND_SERVICE'] } },
    expected: { ...restricted, status: { ...restricted.status, ...capabilities('0000000000000400') } },
  },
  {
    name: 'root',
    securityContext: { ...base, runAsUser: 0, capabilities: { drop, add: ['CHOWN'] } },
    expected: {
      status: { ...confined, ...capabilities('0000000000000001', '0000000000000001'), Uid: '0 0 0 0' },
      probes: { ...walls, root: readOnly },
    },
  },
  {
    name: 'usual-capabilities',
    securityContext: { allowPrivilegeEscalation: false, readOnlyRootFilesystem: true, runAsUser: 0 },
    expected: {
      status: { ...confined, ...capabilities('00000000a80425fb', '00000000a80425fb') },
      probes: { ...walls, root: readOnly },
    },
  },
  {
    name: 'may-escalate',
    securityContext: { ...base, allowPrivilegeEscalation: true },
    expected: { ...restricted, status: { ...restricted.status, NoNewPrivs: '0' } },
  },
  {
    name: 'writable',
    securityContext: { ...base, runAsUser: 0, readOnlyRootFilesystem: false },
    expected: { status: { ...confined, ...capabilities(none) }, probes: { ...walls, root: 'written' } },
  },
]
