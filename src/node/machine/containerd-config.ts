// The configuration of the node's own containerd, as TOML.
import { writeJson } from '../../base/write-json.ts'
import type { NodeDirectory } from './node-directory.ts'

export interface ContainerdSettings {
  readonly sandboxImage: string
  readonly cniBinDirectory: string
  /** Whether this machine forbids lowering oom_score_adj (no CAP_SYS_RESOURCE): sandboxes then keep the agent's score. */
  readonly restrictOomScoreAdj: boolean
}

/** Plug-ins that the agent does not use and that would listen or write outside the node's directory. */
const disabled = [
  'io.containerd.internal.v1.opt',
  'io.containerd.internal.v1.restart',
  'io.containerd.internal.v1.tracing',
  'io.containerd.tracing.processor.v1.otlp',
  'io.containerd.nri.v1.nri',
  'io.containerd.snapshotter.v1.aufs',
  'io.containerd.snapshotter.v1.blockfile',
  'io.containerd.snapshotter.v1.btrfs',
  'io.containerd.snapshotter.v1.devmapper',
  'io.containerd.snapshotter.v1.zfs',
]

export function containerdConfig(directory: NodeDirectory, settings: ContainerdSettings): string {
  const cri = '[plugins."io.containerd.grpc.v1.cri"'
  return `version = 2
root = ${quote(directory.containerdRoot)}
state = ${quote(directory.containerdState)}
disabled_plugins = [${disabled.map(quote).join(', ')}]

[grpc]
  address = ${quote(directory.containerdSocket)}

[debug]
  level = "warn"

${cri}]
  sandbox_image = ${quote(settings.sandboxImage)}
  restrict_oom_score_adj = ${settings.restrictOomScoreAdj}
  netns_mounts_under_state_dir = true
  enable_selinux = false
  # A container that is not root could not open its own block volume.
  device_ownership_from_security_context = true
  disable_tcp_service = true
  stream_server_address = "127.0.0.1"
  stream_server_port = "0"
  enable_tls_streaming = true

${cri}.x509_key_pair_streaming]
  tls_cert_file = ${quote(directory.streamingCertificate)}
  tls_key_file = ${quote(directory.streamingKey)}

${cri}.cni]
  bin_dir = ${quote(settings.cniBinDirectory)}
  conf_dir = ${quote(directory.cniConfig)}

${cri}.registry]
  config_path = ${quote(directory.registryConfig)}

${cri}.containerd]
  snapshotter = "overlayfs"
  default_runtime_name = "runc"

${cri}.containerd.runtimes.runc]
  runtime_type = "io.containerd.runc.v2"

${cri}.containerd.runtimes.runc.options]
  SystemdCgroup = false
  Root = ${quote(`${directory.containerdState}/runc`)}
`
}

/** A TOML basic string; JSON's escapes are a subset of TOML's. */
function quote(text: string): string {
  return writeJson(text)
}
