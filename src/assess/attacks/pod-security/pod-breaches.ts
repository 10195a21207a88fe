// One weakness of a pod's own fields each.
import type { Fields, PodBreach } from './breach.ts'
import { rules } from './rules.ts'

const context = (securityContext: Fields): Fields => ({ securityContext })

const hostNamespaces = ['hostNetwork', 'hostPID', 'hostIPC'].map(
  (name): PodBreach => ({ name, rule: rules.hostNamespaces, field: name, bad: { [name]: true }, good: { [name]: false } }),
)

/** A sample of those of a kernel that the standards do not name. */
const forbiddenSysctls = [
  ...['kernel.msgmax', 'kernel.shmmax', 'kernel.sem', 'kernel.core_pattern', 'fs.mqueue.msg_max', 'vm.overcommit_memory'],
  ...['net.core.somaxconn', 'net.ipv4.ip_forward', 'net.ipv4.tcp_max_syn_backlog', 'net.ipv4.conf.all.route_localnet'],
]
/** By the version of the standards that first allows them. */
export const safeSysctls = {
  'v1.18': [
    ...['kernel.shm_rmid_forced', 'net.ipv4.ip_local_port_range', 'net.ipv4.ip_unprivileged_port_start', 'net.ipv4.tcp_syncookies'],
    'net.ipv4.ping_group_range',
  ],
  'v1.27': ['net.ipv4.ip_local_reserved_ports'],
  'v1.29': [
    ...['net.ipv4.tcp_keepalive_time', 'net.ipv4.tcp_fin_timeout', 'net.ipv4.tcp_keepalive_intvl', 'net.ipv4.tcp_keepalive_probes'],
  ],
  'v1.32': ['net.ipv4.tcp_rmem', 'net.ipv4.tcp_wmem'],
} as const
const withSysctls = (names: readonly string[]): Fields => context({ sysctls: names.map(name => ({ name, value: '1' })) })
const [harmless] = safeSysctls['v1.18']

export const sysctlBreach = (name: string): PodBreach => ({
  ...{ name: `sysctl ${name}`, rule: rules.sysctls, field: 'securityContext.sysctls[1].name' },
  ...{ bad: withSysctls([harmless, name]), good: withSysctls([harmless]) },
})

/** All allowed ones together. */
export const allSafeSysctls: Fields = withSysctls(Object.values(safeSysctls).flat())

const path = { path: '/' }
/** Volume types that `restricted` forbids, each in its smallest form. */
const restrictedVolumes: Readonly<Record<string, Fields>> = {
  awsElasticBlockStore: { volumeID: 'a' },
  azureDisk: { diskName: 'a', diskURI: 'https://a.blob.core.windows.net/b/c.vhd' },
  azureFile: { secretName: 'a', shareName: 'a' },
  cephfs: { monitors: ['a'] },
  cinder: { volumeID: 'a' },
  fc: { targetWWNs: ['a'], lun: 1 },
  flexVolume: { driver: 'example.com/a' },
  flocker: { datasetName: 'a' },
  gcePersistentDisk: { pdName: 'a' },
  gitRepo: { repository: 'a' },
  glusterfs: { endpoints: 'a', path: 'a' },
  iscsi: { targetPortal: '127.0.0.1', iqn: 'iqn.2001-04.com.example:a', lun: 1 },
  nfs: { server: 'a', ...path },
  photonPersistentDisk: { pdID: 'a' },
  portworxVolume: { volumeID: 'a' },
  quobyte: { registry: 'a:1', volume: 'a' },
  rbd: { monitors: ['a'], image: 'a' },
  scaleIO: { gateway: 'a', system: 'a', volumeName: 'a', secretRef: { name: 'a' } },
  storageos: { volumeName: 'a', volumeNamespace: 'a' },
  vsphereVolume: { volumePath: 'a' },
}
/** All that `restricted` allows. */
const allowedVolumes = [
  { name: 'a', configMap: { name: 'a' } },
  { name: 'b', csi: { driver: 'example.com' } },
  { name: 'c', downwardAPI: { items: [{ path: 'a', fieldRef: { fieldPath: 'metadata.name' } }] } },
  { name: 'd', emptyDir: {} },
  {
    name: 'e',
    ephemeral: { volumeClaimTemplate: { spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Mi' } } } } },
  },
  { name: 'f', persistentVolumeClaim: { claimName: 'a' } },
  { name: 'g', projected: { sources: [{ configMap: { name: 'a' } }] } },
  { name: 'h', secret: { secretName: 'a' } },
]
const harmlessVolume = { name: 'first', emptyDir: {} }
const volumes = Object.entries(restrictedVolumes).map(
  ([type, source]): PodBreach => ({
    ...{ name: `volume ${type}`, rule: rules.volumeTypes, field: `volumes[1].${type}` },
    bad: { volumes: [harmlessVolume, { name: 'second', [type]: source }] },
    good: { volumes: [harmlessVolume] },
  }),
)

export const appArmorPrefix = 'container.apparmor.security.beta.kubernetes.io/'

export const podBreaches: readonly PodBreach[] = [
  ...hostNamespaces,
  {
    ...{ name: 'volume hostPath', rule: rules.hostPath, field: 'volumes[1].hostPath' },
    bad: { volumes: [harmlessVolume, { name: 'second', hostPath: { path: '/var/log' } }] },
    good: { volumes: allowedVolumes },
  },
  ...volumes,
  ...forbiddenSysctls.map(sysctlBreach),
  {
    ...{ name: 'AppArmor profile Unconfined of the pod', rule: rules.appArmor, field: 'securityContext.appArmorProfile.type' },
    bad: context({ appArmorProfile: { type: 'Unconfined' } }),
    good: context({ appArmorProfile: { type: 'Localhost', localhostProfile: 'profile' } }),
  },
  {
    ...{ name: 'AppArmor annotation', rule: rules.appArmor, field: 'metadata.annotations', bad: {}, good: {} },
    badAnnotations: { [`${appArmorPrefix}main`]: 'unconfined' },
  },
  {
    ...{ name: 'SELinux type of the pod', rule: rules.seLinux, field: 'securityContext.seLinuxOptions' },
    bad: context({ seLinuxOptions: { type: 'unconfined_t' } }),
    good: context({ seLinuxOptions: { type: 'container_engine_t' } }),
  },
  {
    ...{ name: 'SELinux user of the pod', rule: rules.seLinux, field: 'securityContext.seLinuxOptions' },
    bad: context({ seLinuxOptions: { user: 'system_u' } }),
    good: context({ seLinuxOptions: { level: 's0' } }),
  },
  {
    ...{ name: 'SELinux role of the pod', rule: rules.seLinux, field: 'securityContext.seLinuxOptions' },
    bad: context({ seLinuxOptions: { role: 'sysadm_r' } }),
    good: context({ seLinuxOptions: { type: '' } }),
  },
  {
    ...{ name: 'seccomp profile Unconfined of the pod', rule: rules.seccomp, field: 'securityContext.seccompProfile.type' },
    bad: context({ seccompProfile: { type: 'Unconfined' } }),
    good: context({ seccompProfile: { type: 'RuntimeDefault' } }),
  },
  {
    ...{ name: 'HostProcess of the pod', rule: rules.hostProcess, field: 'securityContext.windowsOptions.hostProcess' },
    bad: context({ windowsOptions: { hostProcess: true } }),
    good: {},
    badPod: { hostNetwork: true },
    also: { baseline: [rules.hostNamespaces.reason], restricted: [rules.hostNamespaces.reason] },
  },
  {
    ...{ name: 'runAsNonRoot false of the pod', rule: rules.runAsNonRoot, field: 'securityContext.runAsNonRoot' },
    bad: context({ runAsNonRoot: false }),
    good: context({ runAsNonRoot: true }),
  },
  {
    ...{ name: 'runAsNonRoot left open', rule: rules.runAsNonRoot, field: 'containers[0].securityContext.runAsNonRoot' },
    bad: context({ runAsNonRoot: undefined }),
    good: context({ runAsNonRoot: true }),
  },
  {
    ...{ name: 'user 0 of the pod', rule: rules.runAsUser, field: 'securityContext.runAsUser' },
    bad: context({ runAsUser: 0 }),
    good: context({ runAsUser: 65_534 }),
  },
]
