// Every rule of the standards in every version, at both levels, for every kind of container: what each version must refuse.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { PodSpec, SecurityContext } from '../../api/types/core-v1.ts'
import type { CheckedPod } from './check.ts'
import { evaluate } from './evaluate.ts'

type Container = { name: string; image: string; securityContext: SecurityContext; ports?: { containerPort: number; hostPort: number }[] }
interface Draft {
  metadata: { annotations: Record<string, string> }
  spec: PodSpec
  container: Container
}

/** Meets the restricted level of every version. */
function compliant(kind: 'containers' | 'initContainers' | 'ephemeralContainers'): Draft {
  const make = (name: string): Container => ({
    ...{ name, image: 'i' },
    securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } },
  })
  const container = make('checked')
  const spec: PodSpec = {
    securityContext: { runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } },
    containers: [make('other')],
  }
  if (kind === 'containers') spec.containers.push(container)
  else Object.assign(spec, { [kind]: [container] })
  return { metadata: { annotations: {} }, spec, container }
}

/** From one version to another, inclusive; the newest is 33. */
type Range = readonly [from: number, to: number]
interface Row {
  readonly name: string
  readonly set: (draft: Draft) => void
  /** Refused at baseline; restricted includes it. */
  readonly baseline?: Range
  readonly restricted?: Range
}
const always: Range = [0, 33]
const from = (minor: number): Range => [minor, 33]
const until = (minor: number): Range => [0, minor]
const context = (more: SecurityContext) => (draft: Draft) => void Object.assign(draft.container.securityContext, more)
const ofPod = (more: NonNullable<PodSpec['securityContext']>) => (draft: Draft) =>
  void Object.assign(draft.spec.securityContext ?? {}, more)
const inSpec = (more: Partial<PodSpec>) => (draft: Draft) => void Object.assign(draft.spec, more)
const hostPort = (port: number) => (draft: Draft) => {
  draft.container.ports = [{ containerPort: 80, hostPort: port }]
}
const annotation = (key: string, value: string) => (draft: Draft) => {
  draft.metadata.annotations[key] = value
}
const volume = (source: object) => (draft: Draft) => {
  draft.spec.volumes = [{ name: 'v', ...source }]
}
const sysctl = (name: string) => ofPod({ sysctls: [{ name, value: '1' }] })
const capability = (...add: string[]) => context({ capabilities: { drop: ['ALL'], add } })
const windows = (set: (draft: Draft) => void) => (draft: Draft) => {
  draft.spec.os = { name: 'windows' }
  set(draft)
}

const allowedVolumes = ['configMap', 'csi', 'downwardAPI', 'emptyDir', 'ephemeral', 'persistentVolumeClaim', 'projected', 'secret']
const refusedVolumes =
  'awsElasticBlockStore azureDisk azureFile cephfs cinder fc flexVolume flocker gcePersistentDisk gitRepo glusterfs image iscsi nfs photonPersistentDisk portworxVolume quobyte rbd scaleIO storageos vsphereVolume'.split(
    ' ',
  )
const defaultCapabilities = 'AUDIT_WRITE CHOWN DAC_OVERRIDE FOWNER FSETID KILL MKNOD SETFCAP SETGID SETPCAP SETUID SYS_CHROOT'.split(' ')
const newSysctls: readonly (readonly [string, number])[] = [
  ['net.ipv4.ip_local_reserved_ports', 27],
  ['net.ipv4.tcp_keepalive_time', 29],
  ['net.ipv4.tcp_fin_timeout', 29],
  ['net.ipv4.tcp_keepalive_intvl', 29],
  ['net.ipv4.tcp_keepalive_probes', 29],
  ['net.ipv4.tcp_rmem', 32],
  ['net.ipv4.tcp_wmem', 32],
]

const rows: readonly Row[] = [
  { name: 'nothing', set: () => undefined },
  { name: 'hostNetwork', set: inSpec({ hostNetwork: true }), baseline: always },
  { name: 'hostPID', set: inSpec({ hostPID: true }), baseline: always },
  { name: 'hostIPC', set: inSpec({ hostIPC: true }), baseline: always },
  {
    name: 'no host namespace by name',
    set: ({ spec }) => void Object.assign(spec, { hostNetwork: false, hostPID: false, hostIPC: false }),
  },
  { name: 'privileged', set: context({ privileged: true }), baseline: always },
  { name: 'not privileged by name', set: context({ privileged: false }) },
  { name: 'hostPath', set: volume({ hostPath: { path: '/' } }), baseline: always },
  ...allowedVolumes.map(source => ({ name: `volume ${source}`, set: volume({ [source]: {} }) })),
  ...refusedVolumes.map(source => ({ name: `volume ${source}`, set: volume({ [source]: {} }), restricted: always })),
  { name: 'a host port', set: hostPort(80), baseline: always },
  { name: 'host port 0', set: hostPort(0) },
  { name: 'procMount Unmasked', set: context({ procMount: 'Unmasked' }), baseline: always },
  { name: 'procMount Default', set: context({ procMount: 'Default' }) },
  { name: 'a host process of the pod', set: ofPod({ windowsOptions: { hostProcess: true } }), baseline: always },
  { name: 'a host process', set: context({ windowsOptions: { hostProcess: true } }), baseline: always },
  { name: 'no host process by name', set: context({ windowsOptions: { hostProcess: false } }) },
  { name: 'capability NET_RAW', set: capability('NET_RAW'), baseline: always },
  { name: 'capability SYS_ADMIN', set: capability('SYS_ADMIN'), baseline: always },
  { name: 'capability NET_BIND_SERVICE', set: capability('NET_BIND_SERVICE') },
  ...defaultCapabilities.map(name => ({ name: `capability ${name}`, set: capability(name), restricted: from(22) })),
  { name: 'capabilities that are kept', set: context({ capabilities: {} }), restricted: from(22) },
  { name: 'capabilities dropped one by one', set: context({ capabilities: { drop: ['NET_RAW', 'CHOWN'] } }), restricted: from(22) },
  {
    name: 'escalation that is not forbidden',
    set: ({ container }) => void delete container.securityContext.allowPrivilegeEscalation,
    restricted: from(8),
  },
  { name: 'escalation', set: context({ allowPrivilegeEscalation: true }), restricted: from(8) },
  { name: 'root of the pod allowed', set: ofPod({ runAsNonRoot: false }), restricted: always },
  { name: 'root allowed', set: context({ runAsNonRoot: false }), restricted: always },
  { name: 'root not forbidden', set: ({ spec }) => void delete spec.securityContext?.runAsNonRoot, restricted: always },
  { name: 'user 0 of the pod', set: ofPod({ runAsUser: 0 }), restricted: from(23) },
  { name: 'user 0', set: context({ runAsUser: 0 }), restricted: from(23) },
  { name: 'user 1', set: context({ runAsUser: 1 }) },
  { name: 'seccomp Unconfined of the pod', set: ofPod({ seccompProfile: { type: 'Unconfined' } }), baseline: from(19) },
  { name: 'seccomp Unconfined', set: context({ seccompProfile: { type: 'Unconfined' } }), baseline: from(19) },
  { name: 'seccomp Localhost', set: context({ seccompProfile: { type: 'Localhost', localhostProfile: 'p' } }) },
  { name: 'no seccomp profile', set: ({ spec }) => void delete spec.securityContext?.seccompProfile, restricted: from(19) },
  {
    name: 'seccomp unconfined by annotation',
    set: annotation('seccomp.security.alpha.kubernetes.io/pod', 'unconfined'),
    baseline: until(18),
  },
  {
    name: 'seccomp unconfined by annotation of the container',
    set: annotation('container.seccomp.security.alpha.kubernetes.io/checked', 'unconfined'),
    baseline: until(18),
  },
  { name: 'seccomp by annotation', set: annotation('seccomp.security.alpha.kubernetes.io/pod', 'runtime/default') },
  { name: 'AppArmor Unconfined of the pod', set: ofPod({ appArmorProfile: { type: 'Unconfined' } }), baseline: always },
  { name: 'AppArmor Unconfined', set: context({ appArmorProfile: { type: 'Unconfined' } }), baseline: always },
  { name: 'AppArmor Localhost', set: context({ appArmorProfile: { type: 'Localhost', localhostProfile: 'p' } }) },
  {
    name: 'AppArmor unconfined by annotation',
    set: annotation('container.apparmor.security.beta.kubernetes.io/checked', 'unconfined'),
    baseline: always,
  },
  { name: 'AppArmor by annotation', set: annotation('container.apparmor.security.beta.kubernetes.io/checked', 'localhost/p') },
  ...['container_t', 'container_init_t', 'container_kvm_t'].map(type => ({
    name: `SELinux ${type}`,
    set: context({ seLinuxOptions: { type } }),
  })),
  { name: 'SELinux container_engine_t', set: context({ seLinuxOptions: { type: 'container_engine_t' } }), baseline: until(30) },
  { name: 'SELinux type of its own', set: context({ seLinuxOptions: { type: 'spc_t' } }), baseline: always },
  { name: 'SELinux type of the pod', set: ofPod({ seLinuxOptions: { type: 'spc_t' } }), baseline: always },
  { name: 'SELinux user', set: context({ seLinuxOptions: { user: 'u' } }), baseline: always },
  { name: 'SELinux role', set: context({ seLinuxOptions: { role: 'r' } }), baseline: always },
  { name: 'SELinux level', set: context({ seLinuxOptions: { level: 's0' } }) },
  { name: 'sysctl kernel.msgmax', set: sysctl('kernel.msgmax'), baseline: always },
  { name: 'sysctl net.ipv4.tcp_syncookies', set: sysctl('net.ipv4.tcp_syncookies') },
  ...newSysctls.map(([name, since]) => ({ name: `sysctl ${name}`, set: sysctl(name), baseline: until(since - 1) })),
  { name: 'Windows with escalation', set: windows(context({ allowPrivilegeEscalation: true })), restricted: [8, 24] },
  { name: 'Windows with capabilities', set: windows(context({ capabilities: {} })), restricted: [22, 24] },
  { name: 'Windows without seccomp', set: windows(({ spec }) => void delete spec.securityContext?.seccompProfile), restricted: [19, 24] },
  { name: 'Windows with root allowed', set: windows(ofPod({ runAsNonRoot: false })), restricted: always },
]

const inside = (range: Range | undefined, minor: number): boolean => range !== undefined && minor >= range[0] && minor <= range[1]

for (const { name, set, baseline, restricted } of rows) {
  test(`evaluate() of ${name} in every version`, () => {
    for (const kind of ['containers', 'initContainers', 'ephemeralContainers'] as const) {
      const draft = compliant(kind)
      set(draft)
      const pod: CheckedPod = { metadata: draft.metadata, spec: draft.spec }
      for (let minor = 0; minor <= 33; minor++) {
        const at = (level: 'privileged' | 'baseline' | 'restricted', version: number | 'latest') =>
          evaluate(pod, { level, minor: version }).length
        assert.equal(at('privileged', minor), 0)
        const expected = [inside(baseline, minor) ? 1 : 0, inside(baseline, minor) || inside(restricted, minor) ? 1 : 0]
        assert.deepEqual([at('baseline', minor), at('restricted', minor)], expected, `${kind} in v1.${minor}`)
        if (minor === 33) assert.deepEqual([at('baseline', 'latest'), at('restricted', 'latest')], expected)
        // A version that does not exist yet counts as the newest.
        if (minor === 33) assert.deepEqual([at('baseline', 99), at('restricted', 99)], expected)
      }
    }
  })
}
