// The part of the CRI (runtime.v1) that the agent speaks, as data: message and field names, numbers and types are the protocol's facts.
// A table instead of a .proto file, so that a bundle needs no file at run time.
import type { AnyDefinition } from '@grpc/proto-loader'

/** Field name -> "number type"; `[]` marks a repeated field. A message with no entry here is unknown to the agent and skipped on the wire. */
const messages: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  VersionRequest: { version: '1 string' },
  VersionResponse: { version: '1 string', runtime_name: '2 string', runtime_version: '3 string', runtime_api_version: '4 string' },
  DNSConfig: { servers: '1 string[]', searches: '2 string[]', options: '3 string[]' },
  PortMapping: { protocol: '1 Protocol', container_port: '2 int32', host_port: '3 int32', host_ip: '4 string' },
  Mount: {
    container_path: '1 string',
    host_path: '2 string',
    readonly: '3 bool',
    selinux_relabel: '4 bool',
    propagation: '5 MountPropagation',
    uidMappings: '6 IDMapping[]',
    gidMappings: '7 IDMapping[]',
    recursive_read_only: '8 bool',
    image: '9 ImageSpec',
  },
  IDMapping: { host_id: '1 uint32', container_id: '2 uint32', length: '3 uint32' },
  UserNamespace: { mode: '1 NamespaceMode', uids: '2 IDMapping[]', gids: '3 IDMapping[]' },
  NamespaceOption: {
    network: '1 NamespaceMode',
    pid: '2 NamespaceMode',
    ipc: '3 NamespaceMode',
    target_id: '4 string',
    userns_options: '5 UserNamespace',
  },
  Int64Value: { value: '1 int64' },
  LinuxSandboxSecurityContext: {
    namespace_options: '1 NamespaceOption',
    run_as_user: '3 Int64Value',
    run_as_group: '8 Int64Value',
    readonly_rootfs: '4 bool',
    supplemental_groups: '5 int64[]',
    supplemental_groups_policy: '11 SupplementalGroupsPolicy',
    privileged: '6 bool',
    seccomp: '9 SecurityProfile',
    apparmor: '10 SecurityProfile',
    seccomp_profile_path: '7 string',
  },
  SecurityProfile: { profile_type: '1 ProfileType', localhost_ref: '2 string' },
  LinuxPodSandboxConfig: {
    cgroup_parent: '1 string',
    security_context: '2 LinuxSandboxSecurityContext',
    sysctls: '3 map<string,string>',
    overhead: '4 LinuxContainerResources',
    resources: '5 LinuxContainerResources',
  },
  PodSandboxMetadata: { name: '1 string', uid: '2 string', namespace: '3 string', attempt: '4 uint32' },
  PodSandboxConfig: {
    metadata: '1 PodSandboxMetadata',
    hostname: '2 string',
    log_directory: '3 string',
    dns_config: '4 DNSConfig',
    port_mappings: '5 PortMapping[]',
    labels: '6 map<string,string>',
    annotations: '7 map<string,string>',
    linux: '8 LinuxPodSandboxConfig',
  },
  RunPodSandboxRequest: { config: '1 PodSandboxConfig', runtime_handler: '2 string' },
  RunPodSandboxResponse: { pod_sandbox_id: '1 string' },
  StopPodSandboxRequest: { pod_sandbox_id: '1 string' },
  StopPodSandboxResponse: {},
  RemovePodSandboxRequest: { pod_sandbox_id: '1 string' },
  RemovePodSandboxResponse: {},
  PodSandboxStatusRequest: { pod_sandbox_id: '1 string', verbose: '2 bool' },
  PodIP: { ip: '1 string' },
  PodSandboxNetworkStatus: { ip: '1 string', additional_ips: '2 PodIP[]' },
  Namespace: { options: '2 NamespaceOption' },
  LinuxPodSandboxStatus: { namespaces: '1 Namespace' },
  PodSandboxStatus: {
    id: '1 string',
    metadata: '2 PodSandboxMetadata',
    state: '3 PodSandboxState',
    created_at: '4 int64',
    network: '5 PodSandboxNetworkStatus',
    linux: '6 LinuxPodSandboxStatus',
    labels: '7 map<string,string>',
    annotations: '8 map<string,string>',
    runtime_handler: '9 string',
  },
  PodSandboxStatusResponse: {
    status: '1 PodSandboxStatus',
    info: '2 map<string,string>',
    containers_statuses: '3 ContainerStatus[]',
    timestamp: '4 int64',
  },
  PodSandboxStateValue: { state: '1 PodSandboxState' },
  PodSandboxFilter: { id: '1 string', state: '2 PodSandboxStateValue', label_selector: '3 map<string,string>' },
  ListPodSandboxRequest: { filter: '1 PodSandboxFilter' },
  PodSandbox: {
    id: '1 string',
    metadata: '2 PodSandboxMetadata',
    state: '3 PodSandboxState',
    created_at: '4 int64',
    labels: '5 map<string,string>',
    annotations: '6 map<string,string>',
    runtime_handler: '7 string',
  },
  ListPodSandboxResponse: { items: '1 PodSandbox[]' },
  ImageSpec: { image: '1 string', annotations: '2 map<string,string>', user_specified_image: '18 string', runtime_handler: '19 string' },
  KeyValue: { key: '1 string', value: '2 string' },
  LinuxContainerResources: {
    cpu_period: '1 int64',
    cpu_quota: '2 int64',
    cpu_shares: '3 int64',
    memory_limit_in_bytes: '4 int64',
    oom_score_adj: '5 int64',
    cpuset_cpus: '6 string',
    cpuset_mems: '7 string',
    hugepage_limits: '8 HugepageLimit[]',
    unified: '9 map<string,string>',
    memory_swap_limit_in_bytes: '10 int64',
  },
  HugepageLimit: { page_size: '1 string', limit: '2 uint64' },
  Capability: { add_capabilities: '1 string[]', drop_capabilities: '2 string[]', add_ambient_capabilities: '3 string[]' },
  LinuxContainerSecurityContext: {
    capabilities: '1 Capability',
    privileged: '2 bool',
    namespace_options: '3 NamespaceOption',
    run_as_user: '5 Int64Value',
    run_as_group: '12 Int64Value',
    run_as_username: '6 string',
    readonly_rootfs: '7 bool',
    supplemental_groups: '8 int64[]',
    supplemental_groups_policy: '17 SupplementalGroupsPolicy',
    no_new_privs: '11 bool',
    masked_paths: '13 string[]',
    readonly_paths: '14 string[]',
    seccomp: '15 SecurityProfile',
    apparmor: '16 SecurityProfile',
    apparmor_profile: '9 string',
    seccomp_profile_path: '10 string',
  },
  LinuxContainerConfig: { resources: '1 LinuxContainerResources', security_context: '2 LinuxContainerSecurityContext' },
  LinuxContainerUser: { uid: '1 int64', gid: '2 int64', supplemental_groups: '3 int64[]' },
  ContainerMetadata: { name: '1 string', attempt: '2 uint32' },
  Device: { container_path: '1 string', host_path: '2 string', permissions: '3 string' },
  ContainerConfig: {
    metadata: '1 ContainerMetadata',
    image: '2 ImageSpec',
    command: '3 string[]',
    args: '4 string[]',
    working_dir: '5 string',
    envs: '6 KeyValue[]',
    mounts: '7 Mount[]',
    devices: '8 Device[]',
    labels: '9 map<string,string>',
    annotations: '10 map<string,string>',
    log_path: '11 string',
    stdin: '12 bool',
    stdin_once: '13 bool',
    tty: '14 bool',
    linux: '15 LinuxContainerConfig',
  },
  CreateContainerRequest: { pod_sandbox_id: '1 string', config: '2 ContainerConfig', sandbox_config: '3 PodSandboxConfig' },
  CreateContainerResponse: { container_id: '1 string' },
  StartContainerRequest: { container_id: '1 string' },
  StartContainerResponse: {},
  StopContainerRequest: { container_id: '1 string', timeout: '2 int64' },
  StopContainerResponse: {},
  RemoveContainerRequest: { container_id: '1 string' },
  RemoveContainerResponse: {},
  ContainerStateValue: { state: '1 ContainerState' },
  ContainerFilter: { id: '1 string', state: '2 ContainerStateValue', pod_sandbox_id: '3 string', label_selector: '4 map<string,string>' },
  ListContainersRequest: { filter: '1 ContainerFilter' },
  Container: {
    id: '1 string',
    pod_sandbox_id: '2 string',
    metadata: '3 ContainerMetadata',
    image: '4 ImageSpec',
    image_ref: '5 string',
    state: '6 ContainerState',
    created_at: '7 int64',
    labels: '8 map<string,string>',
    annotations: '9 map<string,string>',
    image_id: '10 string',
  },
  ListContainersResponse: { containers: '1 Container[]' },
  ContainerStatusRequest: { container_id: '1 string', verbose: '2 bool' },
  ContainerStatus: {
    id: '1 string',
    metadata: '2 ContainerMetadata',
    state: '3 ContainerState',
    created_at: '4 int64',
    started_at: '5 int64',
    finished_at: '6 int64',
    exit_code: '7 int32',
    image: '8 ImageSpec',
    image_ref: '9 string',
    reason: '10 string',
    message: '11 string',
    labels: '12 map<string,string>',
    annotations: '13 map<string,string>',
    mounts: '14 Mount[]',
    log_path: '15 string',
    resources: '16 ContainerResources',
    image_id: '17 string',
    user: '18 ContainerUser',
  },
  ContainerStatusResponse: { status: '1 ContainerStatus', info: '2 map<string,string>' },
  ContainerResources: { linux: '1 LinuxContainerResources' },
  ContainerUser: { linux: '1 LinuxContainerUser' },
  UpdateContainerResourcesRequest: { container_id: '1 string', linux: '2 LinuxContainerResources', annotations: '4 map<string,string>' },
  UpdateContainerResourcesResponse: {},
  ExecSyncRequest: { container_id: '1 string', cmd: '2 string[]', timeout: '3 int64' },
  ExecSyncResponse: { stdout: '1 bytes', stderr: '2 bytes', exit_code: '3 int32' },
  ExecRequest: { container_id: '1 string', cmd: '2 string[]', tty: '3 bool', stdin: '4 bool', stdout: '5 bool', stderr: '6 bool' },
  ExecResponse: { url: '1 string' },
  AttachRequest: { container_id: '1 string', stdin: '2 bool', tty: '3 bool', stdout: '4 bool', stderr: '5 bool' },
  AttachResponse: { url: '1 string' },
  PortForwardRequest: { pod_sandbox_id: '1 string', port: '2 int32[]' },
  PortForwardResponse: { url: '1 string' },
  ImageFilter: { image: '1 ImageSpec' },
  ListImagesRequest: { filter: '1 ImageFilter' },
  Image: {
    id: '1 string',
    repo_tags: '2 string[]',
    repo_digests: '3 string[]',
    size: '4 uint64',
    uid: '5 Int64Value',
    username: '6 string',
    spec: '7 ImageSpec',
    pinned: '8 bool',
  },
  ListImagesResponse: { images: '1 Image[]' },
  ImageStatusRequest: { image: '1 ImageSpec', verbose: '2 bool' },
  ImageStatusResponse: { image: '1 Image', info: '2 map<string,string>' },
  AuthConfig: {
    username: '1 string',
    password: '2 string',
    auth: '3 string',
    server_address: '4 string',
    identity_token: '5 string',
    registry_token: '6 string',
  },
  PullImageRequest: { image: '1 ImageSpec', auth: '2 AuthConfig', sandbox_config: '3 PodSandboxConfig' },
  PullImageResponse: { image_ref: '1 string' },
  RemoveImageRequest: { image: '1 ImageSpec' },
  RemoveImageResponse: {},
  RuntimeCondition: { type: '1 string', status: '2 bool', reason: '3 string', message: '4 string' },
  RuntimeStatus: { conditions: '1 RuntimeCondition[]' },
  StatusRequest: { verbose: '1 bool' },
  RuntimeHandlerFeatures: { recursive_read_only_mounts: '1 bool', user_namespaces: '2 bool' },
  RuntimeHandler: { name: '1 string', features: '2 RuntimeHandlerFeatures' },
  RuntimeFeatures: { supplemental_groups_policy: '1 bool' },
  StatusResponse: {
    status: '1 RuntimeStatus',
    info: '2 map<string,string>',
    runtime_handlers: '3 RuntimeHandler[]',
    features: '4 RuntimeFeatures',
  },
  ImageFsInfoRequest: {},
  UInt64Value: { value: '1 uint64' },
  FilesystemIdentifier: { mountpoint: '1 string' },
  FilesystemUsage: { timestamp: '1 int64', fs_id: '2 FilesystemIdentifier', used_bytes: '3 UInt64Value', inodes_used: '4 UInt64Value' },
  ImageFsInfoResponse: { image_filesystems: '1 FilesystemUsage[]', container_filesystems: '2 FilesystemUsage[]' },
  ContainerStatsRequest: { container_id: '1 string' },
  ContainerStatsResponse: { stats: '1 ContainerStats' },
  ListContainerStatsRequest: { filter: '1 ContainerStatsFilter' },
  ContainerStatsFilter: { id: '1 string', pod_sandbox_id: '2 string', label_selector: '3 map<string,string>' },
  ListContainerStatsResponse: { stats: '1 ContainerStats[]' },
  ContainerAttributes: {
    id: '1 string',
    metadata: '2 ContainerMetadata',
    labels: '3 map<string,string>',
    annotations: '4 map<string,string>',
  },
  ContainerStats: {
    attributes: '1 ContainerAttributes',
    cpu: '2 CpuUsage',
    memory: '3 MemoryUsage',
    writable_layer: '4 FilesystemUsage',
    swap: '5 SwapUsage',
  },
  CpuUsage: { timestamp: '1 int64', usage_core_nano_seconds: '2 UInt64Value', usage_nano_cores: '3 UInt64Value' },
  MemoryUsage: {
    timestamp: '1 int64',
    working_set_bytes: '2 UInt64Value',
    available_bytes: '3 UInt64Value',
    usage_bytes: '4 UInt64Value',
    rss_bytes: '5 UInt64Value',
    page_faults: '6 UInt64Value',
    major_page_faults: '7 UInt64Value',
  },
  SwapUsage: { timestamp: '1 int64', swap_available_bytes: '2 UInt64Value', swap_usage_bytes: '3 UInt64Value' },
  ReopenContainerLogRequest: { container_id: '1 string' },
  ReopenContainerLogResponse: {},
  GetEventsRequest: {},
  ContainerEventResponse: {
    container_id: '1 string',
    container_event_type: '2 ContainerEventType',
    created_at: '3 int64',
    pod_sandbox_status: '4 PodSandboxStatus',
    containers_statuses: '5 ContainerStatus[]',
  },
}

const enums: Readonly<Record<string, Readonly<Record<string, number>>>> = {
  Protocol: { TCP: 0, UDP: 1, SCTP: 2 },
  MountPropagation: { PROPAGATION_PRIVATE: 0, PROPAGATION_HOST_TO_CONTAINER: 1, PROPAGATION_BIDIRECTIONAL: 2 },
  NamespaceMode: { POD: 0, CONTAINER: 1, NODE: 2, TARGET: 3 },
  SupplementalGroupsPolicy: { Merge: 0, Strict: 1 },
  ProfileType: { RuntimeDefault: 0, Unconfined: 1, Localhost: 2 },
  PodSandboxState: { SANDBOX_READY: 0, SANDBOX_NOTREADY: 1 },
  ContainerState: { CONTAINER_CREATED: 0, CONTAINER_RUNNING: 1, CONTAINER_EXITED: 2, CONTAINER_UNKNOWN: 3 },
  ContainerEventType: {
    CONTAINER_CREATED_EVENT: 0,
    CONTAINER_STARTED_EVENT: 1,
    CONTAINER_STOPPED_EVENT: 2,
    CONTAINER_DELETED_EVENT: 3,
  },
}

const runtimeMethods = [
  'Version',
  'Status',
  'RunPodSandbox',
  'StopPodSandbox',
  'RemovePodSandbox',
  'PodSandboxStatus',
  'ListPodSandbox',
  'CreateContainer',
  'StartContainer',
  'StopContainer',
  'RemoveContainer',
  'ListContainers',
  'ContainerStatus',
  'ExecSync',
  'Exec',
  'Attach',
  'PortForward',
  'ReopenContainerLog',
  'ContainerStats',
  'ListContainerStats',
  'UpdateContainerResources',
] as const

const imageMethods = ['ListImages', 'ImageStatus', 'PullImage', 'RemoveImage', 'ImageFsInfo'] as const

export type RuntimeMethod = (typeof runtimeMethods)[number]
export type ImageMethod = (typeof imageMethods)[number]

interface FieldJson {
  id: number
  type: string
  rule?: 'repeated'
  keyType?: 'string'
}

/** The table as protobuf.js' JSON namespace, for `fromJSON` of @grpc/proto-loader. */
export function protocolDescriptor(): { nested: Record<string, unknown> } {
  const types: Record<string, unknown> = {}
  for (const [name, fields] of Object.entries(messages)) {
    types[name] = { fields: Object.fromEntries(Object.entries(fields).map(([field, text]) => [camelCase(field), parseField(text)])) }
  }
  for (const [name, values] of Object.entries(enums)) types[name] = { values }
  types['RuntimeService'] = {
    methods: {
      ...Object.fromEntries(runtimeMethods.map(unary)),
      GetContainerEvents: { requestType: 'GetEventsRequest', responseType: 'ContainerEventResponse', responseStream: true },
    },
  }
  types['ImageService'] = { methods: Object.fromEntries(imageMethods.map(unary)) }
  return { nested: { runtime: { nested: { v1: { nested: types } } } } }
}

export type LoadedProtocol = Readonly<Record<string, AnyDefinition>>

function unary(name: string): [string, { requestType: string; responseType: string }] {
  return [name, { requestType: `${name}Request`, responseType: `${name}Response` }]
}

function parseField(text: string): FieldJson {
  const [number = '', type = ''] = text.split(' ')
  const map = /^map<string,(.+)>$/.exec(type)
  if (map) return { id: Number(number), type: map[1] ?? '', keyType: 'string' }
  return type.endsWith('[]') ? { id: Number(number), type: type.slice(0, -2), rule: 'repeated' } : { id: Number(number), type }
}

function camelCase(name: string): string {
  return name.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase())
}
