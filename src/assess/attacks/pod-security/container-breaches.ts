// One weakness of one container each.
import type { ContainerBreach, Fields } from './breach.ts'
import { rules } from './rules.ts'

const context = (securityContext: Fields): Fields => ({ securityContext })

/** All that Linux knows, but for those that the standards allow to add at `baseline`. */
const forbiddenCapabilities = [
  ...['ALL', 'AUDIT_CONTROL', 'AUDIT_READ', 'BLOCK_SUSPEND', 'BPF', 'CHECKPOINT_RESTORE', 'DAC_READ_SEARCH', 'IPC_LOCK', 'IPC_OWNER'],
  ...['LEASE', 'LINUX_IMMUTABLE', 'MAC_ADMIN', 'MAC_OVERRIDE', 'NET_ADMIN', 'NET_BROADCAST', 'NET_RAW', 'PERFMON', 'SYS_BOOT'],
  ...['SYS_MODULE', 'SYS_NICE', 'SYS_PACCT', 'SYS_PTRACE', 'SYS_RAWIO', 'SYS_RESOURCE', 'SYS_TIME', 'SYS_TTY_CONFIG', 'SYSLOG'],
  'WAKE_ALARM',
]
/** Those that `baseline` allows to add. */
export const defaultCapabilities: readonly string[] = [
  ...['AUDIT_WRITE', 'CHOWN', 'DAC_OVERRIDE', 'FOWNER', 'FSETID', 'KILL', 'MKNOD', 'NET_BIND_SERVICE', 'SETFCAP', 'SETGID', 'SETPCAP'],
  ...['SETUID', 'SYS_CHROOT'],
]
const added = (name: string): Fields => context({ capabilities: { drop: ['ALL'], add: [name] } })
const capabilitiesAdded = 'securityContext.capabilities.add'
const port = { name: 'http', containerPort: 8080 }

/** In each kind of container. */
export const containerBreaches: readonly ContainerBreach[] = [
  {
    ...{ name: 'privileged', rule: rules.privileged, field: 'securityContext.privileged' },
    bad: context({ privileged: true, allowPrivilegeEscalation: undefined }),
    good: context({ privileged: false }),
    also: { restricted: [rules.privilegeEscalation.reason] },
  },
  {
    ...{ name: 'capability SYS_ADMIN', rule: rules.capabilities, field: capabilitiesAdded },
    bad: context({ capabilities: { drop: ['ALL'], add: ['SYS_ADMIN'] }, allowPrivilegeEscalation: undefined }),
    good: added('NET_BIND_SERVICE'),
    also: { restricted: [rules.privilegeEscalation.reason] },
  },
  {
    ...{ name: 'capability NET_RAW beside an allowed one', rule: rules.capabilities, field: capabilitiesAdded },
    bad: context({ capabilities: { drop: ['ALL'], add: ['NET_BIND_SERVICE', 'NET_RAW'] } }),
    good: added('NET_BIND_SERVICE'),
  },
  {
    ...{ name: 'host port', rule: rules.hostPorts, field: 'ports[1].hostPort' },
    bad: { ports: [port, { ...port, name: 'host', containerPort: 8081, hostPort: 8081 }] },
    good: { ports: [port, { ...port, name: 'host', containerPort: 8081 }] },
    // The API takes no ports of ephemeral containers.
    places: ['regular', 'init', 'sidecar'],
  },
  {
    ...{ name: 'AppArmor profile Unconfined', rule: rules.appArmor, field: 'securityContext.appArmorProfile.type' },
    bad: context({ appArmorProfile: { type: 'Unconfined' } }),
    good: context({ appArmorProfile: { type: 'RuntimeDefault' } }),
  },
  {
    ...{ name: 'SELinux type', rule: rules.seLinux, field: 'securityContext.seLinuxOptions' },
    bad: context({ seLinuxOptions: { type: 'spc_t' } }),
    good: context({ seLinuxOptions: { type: 'container_t', level: 's0:c1,c2' } }),
  },
  {
    ...{ name: 'SELinux user', rule: rules.seLinux, field: 'securityContext.seLinuxOptions' },
    bad: context({ seLinuxOptions: { type: 'container_init_t', user: 'system_u' } }),
    good: context({ seLinuxOptions: { type: 'container_init_t', user: '' } }),
  },
  {
    ...{ name: 'SELinux role', rule: rules.seLinux, field: 'securityContext.seLinuxOptions' },
    bad: context({ seLinuxOptions: { type: 'container_kvm_t', role: 'sysadm_r' } }),
    good: context({ seLinuxOptions: { type: 'container_kvm_t', role: '' } }),
  },
  {
    ...{ name: 'unmasked /proc', rule: rules.procMount, field: 'securityContext.procMount' },
    bad: context({ procMount: 'Unmasked' }),
    good: context({ procMount: 'Default' }),
    pod: { hostUsers: false },
  },
  {
    ...{ name: 'seccomp profile Unconfined', rule: rules.seccomp, field: 'securityContext.seccompProfile.type' },
    bad: context({ seccompProfile: { type: 'Unconfined' } }),
    good: context({ seccompProfile: { type: 'Localhost', localhostProfile: 'profile.json' } }),
  },
  {
    ...{ name: 'HostProcess', rule: rules.hostProcess, field: 'securityContext.windowsOptions.hostProcess' },
    bad: context({ windowsOptions: { hostProcess: true } }),
    good: {},
    badPod: { hostNetwork: true },
    also: { baseline: [rules.hostNamespaces.reason], restricted: [rules.hostNamespaces.reason] },
    places: ['regular', 'init', 'sidecar'],
    everywhere: true,
  },
  {
    ...{ name: 'privilege escalation', rule: rules.privilegeEscalation, field: 'securityContext.allowPrivilegeEscalation' },
    bad: context({ allowPrivilegeEscalation: true }),
    good: context({ allowPrivilegeEscalation: false }),
  },
  {
    ...{ name: 'runAsNonRoot false', rule: rules.runAsNonRoot, field: 'securityContext.runAsNonRoot' },
    bad: context({ runAsNonRoot: false }),
    good: context({ runAsNonRoot: true }),
  },
  {
    ...{ name: 'user 0', rule: rules.runAsUser, field: 'securityContext.runAsUser' },
    bad: context({ runAsUser: 0 }),
    good: context({ runAsUser: 1 }),
  },
  {
    ...{ name: 'only one capability dropped', rule: rules.restrictedCapabilities, field: 'securityContext.capabilities.drop' },
    bad: context({ capabilities: { drop: ['NET_RAW'] } }),
    good: context({ capabilities: { drop: ['NET_RAW', 'ALL'] } }),
  },
]

/** In a regular container: the lists of the standards, name by name. */
export const capabilityBreaches: readonly ContainerBreach[] = [
  ...forbiddenCapabilities.map(
    (name): ContainerBreach => ({
      ...{ name: `capability ${name}`, rule: rules.capabilities, field: capabilitiesAdded },
      ...{ bad: added(name), good: added('NET_BIND_SERVICE') },
    }),
  ),
  ...defaultCapabilities
    .filter(name => name !== 'NET_BIND_SERVICE')
    .map(
      (name): ContainerBreach => ({
        ...{ name: `capability ${name}`, rule: rules.restrictedCapabilities, field: capabilitiesAdded },
        ...{ bad: added(name), good: added('NET_BIND_SERVICE') },
      }),
    ),
]
