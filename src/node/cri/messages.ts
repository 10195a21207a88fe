// The CRI messages as the gRPC client passes them: camelCase, enums by name, 64-bit integers in answers as decimal strings.

export type Int64 = string | number
export type Labels = Record<string, string>
export type NamespaceMode = 'POD' | 'CONTAINER' | 'NODE' | 'TARGET'
export type SandboxState = 'SANDBOX_READY' | 'SANDBOX_NOTREADY'
export type ContainerState = 'CONTAINER_CREATED' | 'CONTAINER_RUNNING' | 'CONTAINER_EXITED' | 'CONTAINER_UNKNOWN'
export type ContainerEventType =
  | 'CONTAINER_CREATED_EVENT'
  | 'CONTAINER_STARTED_EVENT'
  | 'CONTAINER_STOPPED_EVENT'
  | 'CONTAINER_DELETED_EVENT'

export interface NamespaceOptions {
  network: NamespaceMode
  pid: NamespaceMode
  ipc: NamespaceMode
  targetId?: string
}

/** Merge also applies the groups of the image's /etc/group. */
export type SupplementalGroupsPolicy = 'Merge' | 'Strict'

export interface SecurityProfile {
  profileType: 'RuntimeDefault' | 'Unconfined' | 'Localhost'
  localhostRef?: string
}

export interface LinuxResources {
  cpuPeriod?: Int64
  cpuQuota?: Int64
  cpuShares?: Int64
  memoryLimitInBytes?: Int64
  oomScoreAdj?: Int64
  /** cgroup v2 only. */
  unified?: Record<string, string>
}

export interface SandboxConfig {
  metadata: { name: string; uid: string; namespace: string; attempt: number }
  hostname: string
  logDirectory: string
  dnsConfig?: { servers: string[]; searches: string[]; options: string[] }
  portMappings: { protocol: 'TCP' | 'UDP' | 'SCTP'; containerPort: number; hostPort: number; hostIp: string }[]
  labels: Labels
  annotations: Labels
  linux: {
    cgroupParent: string
    securityContext: {
      namespaceOptions: NamespaceOptions
      runAsUser?: { value: Int64 }
      runAsGroup?: { value: Int64 }
      readonlyRootfs: boolean
      supplementalGroups: Int64[]
      supplementalGroupsPolicy: SupplementalGroupsPolicy
      privileged: boolean
      seccomp: SecurityProfile
      apparmor?: SecurityProfile
    }
    sysctls: Record<string, string>
  }
}

export interface Mount {
  containerPath: string
  hostPath: string
  readonly: boolean
  propagation?: 'PROPAGATION_PRIVATE' | 'PROPAGATION_HOST_TO_CONTAINER' | 'PROPAGATION_BIDIRECTIONAL'
}

/** `permissions` of `m`knod, `r`ead and `w`rite. */
export interface Device {
  containerPath: string
  hostPath: string
  permissions: string
}

export interface ContainerConfig {
  metadata: { name: string; attempt: number }
  image: { image: string; userSpecifiedImage?: string }
  command: string[]
  args: string[]
  workingDir: string
  envs: { key: string; value: string }[]
  mounts: Mount[]
  devices: Device[]
  labels: Labels
  annotations: Labels
  logPath: string
  stdin: boolean
  stdinOnce: boolean
  tty: boolean
  linux: {
    resources: LinuxResources
    securityContext: {
      capabilities: { addCapabilities: string[]; dropCapabilities: string[] }
      privileged: boolean
      namespaceOptions: NamespaceOptions
      runAsUser?: { value: Int64 }
      runAsGroup?: { value: Int64 }
      runAsUsername?: string
      readonlyRootfs: boolean
      supplementalGroups: Int64[]
      supplementalGroupsPolicy: SupplementalGroupsPolicy
      noNewPrivs: boolean
      maskedPaths: string[]
      readonlyPaths: string[]
      seccomp: SecurityProfile
      apparmor?: SecurityProfile
    }
  }
}

export interface Sandbox {
  id: string
  metadata: { name: string; uid: string; namespace: string; attempt: number }
  state: SandboxState
  /** Nanoseconds since the Unix epoch. */
  createdAt: string
  labels: Labels
  annotations: Labels
}

export interface SandboxStatus extends Sandbox {
  network: { ip: string; additionalIps: { ip: string }[] } | null
}

export interface ContainerSummary {
  id: string
  podSandboxId: string
  metadata: { name: string; attempt: number }
  image: { image: string } | null
  imageRef: string
  state: ContainerState
  createdAt: string
  labels: Labels
  annotations: Labels
}

export interface ContainerStatus {
  id: string
  metadata: { name: string; attempt: number }
  state: ContainerState
  /** All three: nanoseconds since the Unix epoch, '0' if it has not happened. */
  createdAt: string
  startedAt: string
  finishedAt: string
  exitCode: number
  image: { image: string; userSpecifiedImage?: string } | null
  /** The image by repository digest if the runtime has one, otherwise its id. */
  imageRef: string
  reason: string
  message: string
  labels: Labels
  annotations: Labels
  logPath: string
}

export interface Image {
  id: string
  repoTags: string[]
  repoDigests: string[]
  size: string
  /** The numeric user of the image; null if the image has a user name or none. */
  uid: { value: string } | null
  username: string
  pinned: boolean
}

export interface RegistryAuth {
  username?: string
  password?: string
  auth?: string
  serverAddress?: string
  identityToken?: string
  registryToken?: string
}

export interface RuntimeCondition {
  type: string
  status: boolean
  reason: string
  message: string
}

export interface RuntimeStatus {
  conditions: RuntimeCondition[]
  /** Whether the runtime supports `supplementalGroupsPolicy`; otherwise it merges the groups of the image. */
  supplementalGroupsPolicy: boolean
}

export interface ExecResult {
  stdout: Buffer
  stderr: Buffer
  exitCode: number
}

export interface ContainerEvent {
  type: ContainerEventType
  containerId: string
  /** The pod's uid, '' if the runtime did not report one. */
  podUid: string
}

export interface ContainerStats {
  id: string
  labels: Labels
  /** Nanoseconds of CPU time, and bytes of working set; undefined if the runtime has no figure. */
  cpuNanoseconds?: number
  memoryWorkingSetBytes?: number
  /** Bytes and inodes that the container wrote to its own file system. */
  writableLayer?: { readonly bytes: number; readonly inodes: number }
}
