// What systemd allows each part that runs as a unit of its own. Pure: properties of units, as systemd.exec(5) describes them.
import type { DataDirectory } from './data-directory.ts'

export type PropertyList = readonly (readonly [name: string, value: string])[]

interface Sandbox {
  /** Folders of the data directory that it writes. */
  writes(directory: DataDirectory): readonly string[]
  /** The signer is asked over unix sockets alone. */
  readonly network: 'none' | 'ip'
  /** Whether it starts programs with limits of their own, such as the isolated process that reads an image. */
  readonly limitsPrograms?: true
}

const runFolder = ({ path }: DataDirectory): string => `${path}/run`

/** By the name of the part. The node is root and has none: it runs containers. */
const sandboxes: Readonly<Record<string, Sandbox>> = {
  signer: { writes: directory => [directory.signer, runFolder(directory)], network: 'none' },
  server: { writes: ({ server }) => [server], network: 'ip' },
  controllers: { writes: ({ controllers }) => [controllers], network: 'ip' },
  dns: { writes: ({ dns }) => [dns], network: 'ip' },
  etcd: { writes: ({ etcd }) => [etcd], network: 'ip' },
  backups: { writes: ({ backup }) => [backup], network: 'ip', limitsPrograms: true },
  artifacts: { writes: directory => [directory.artifacts, runFolder(directory)], network: 'ip', limitsPrograms: true },
  'registry-store': { writes: directory => [directory.registryStore, runFolder(directory)], network: 'none' },
  'registry-front': { writes: ({ registry }) => [registry], network: 'ip' },
}

/** As every part: no right of root, nothing of the system but what is public, no way to a new right. */
const always: PropertyList = [
  ['CapabilityBoundingSet', ''],
  ['AmbientCapabilities', ''],
  ['NoNewPrivileges', 'yes'],
  ['ProtectSystem', 'strict'],
  ['ProtectHome', 'yes'],
  ['PrivateTmp', 'yes'],
  ['PrivateDevices', 'yes'],
  ['PrivateIPC', 'yes'],
  ['DevicePolicy', 'closed'],
  ['ProtectKernelTunables', 'yes'],
  ['ProtectKernelModules', 'yes'],
  ['ProtectKernelLogs', 'yes'],
  ['ProtectControlGroups', 'yes'],
  ['ProtectClock', 'yes'],
  ['ProtectHostname', 'yes'],
  ['ProtectProc', 'invisible'],
  ['ProcSubset', 'pid'],
  ['LockPersonality', 'yes'],
  ['RestrictNamespaces', 'yes'],
  ['RestrictRealtime', 'yes'],
  ['RestrictSUIDSGID', 'yes'],
  ['RemoveIPC', 'yes'],
  ['KeyringMode', 'private'],
  ['UMask', '0077'],
  ['SystemCallArchitectures', 'native'],
  ['SystemCallErrorNumber', 'EPERM'],
  // Node raises its own limit, which @resources forbids.
  ['LimitNOFILE', '524288'],
]

/** A node's agent starts containers, which stay when it restarts, and makes their cgroups. */
const ofNode: PropertyList = [
  ['Delegate', 'yes'],
  ['KillMode', 'process'],
  ['LimitNOFILE', '1048576'],
  ['TasksMax', 'infinity'],
  ['OOMScoreAdjust', '-999'],
]

/** `writes` are folders elsewhere, which need not be there: a medium may not be mounted. Undefined for a part that this table does not know: it would run with every right of its user. */
export function sandboxOf(part: string, directory: DataDirectory, writes: readonly string[] = []): PropertyList | undefined {
  if (part === 'node') return ofNode
  const sandbox = Object.hasOwn(sandboxes, part) ? sandboxes[part] : undefined
  if (sandbox === undefined) return undefined
  // Node's compiler writes code and then runs it, so that MemoryDenyWriteExecute= cannot be set.
  const calls = ['@system-service', '~@privileged', ...(sandbox.limitsPrograms ? [] : ['~@resources'])]
  return [
    ...always,
    ...calls.map(call => ['SystemCallFilter', call] as const),
    ['ReadWritePaths', [...sandbox.writes(directory), ...writes.map(path => `-${path}`)].map(path => `"${path}"`).join(' ')],
    ...(sandbox.network === 'none' ? withoutNetwork : withNetwork),
  ]
}

const withoutNetwork: PropertyList = [
  ['PrivateNetwork', 'yes'],
  ['IPAddressDeny', 'any'],
  ['RestrictAddressFamilies', 'AF_UNIX'],
]

const withNetwork: PropertyList = [['RestrictAddressFamilies', 'AF_UNIX AF_INET AF_INET6 AF_NETLINK']]
