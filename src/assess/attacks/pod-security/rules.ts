// The controls of the Pod Security Standards v1.33 (kubernetes.io/docs/concepts/security/pod-security-standards), and how upstream's refusals
// name them.
import type { Rule } from './breach.ts'

const baseline = (control: string, reason: string, restrictedReason = reason): Rule => ({
  ...{ control, level: 'baseline', reason },
  restrictedReason,
})
const restricted = (control: string, reason: string): Rule => ({ control, level: 'restricted', reason })

export const rules = {
  hostProcess: baseline('HostProcess', 'hostProcess'),
  hostNamespaces: baseline('Host Namespaces', 'host namespaces'),
  privileged: baseline('Privileged Containers', 'privileged'),
  capabilities: baseline('Capabilities', 'non-default capabilities', 'unrestricted capabilities'),
  hostPath: baseline('HostPath Volumes', 'hostPath volumes', 'restricted volume types'),
  hostPorts: baseline('Host Ports', 'hostPort'),
  appArmor: baseline('AppArmor', 'forbidden AppArmor profile'),
  seLinux: baseline('SELinux', 'seLinuxOptions'),
  procMount: baseline('/proc Mount Type', 'procMount'),
  seccomp: baseline('Seccomp', 'seccompProfile'),
  sysctls: baseline('Sysctls', 'forbidden sysctls'),
  volumeTypes: restricted('Volume Types', 'restricted volume types'),
  privilegeEscalation: restricted('Privilege Escalation', 'allowPrivilegeEscalation != false'),
  runAsNonRoot: restricted('Running as Non-root', 'runAsNonRoot != true'),
  runAsUser: restricted('Running as Non-root user', 'runAsUser=0'),
  restrictedCapabilities: restricted('Capabilities', 'unrestricted capabilities'),
} satisfies Record<string, Rule>
