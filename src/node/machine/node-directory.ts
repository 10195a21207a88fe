// The node's paths, all below the data directory's folder `node`, and a short path where unix sockets need one.
import { createHash } from 'node:crypto'
import { join, resolve } from 'node:path'

export interface NodeDirectory {
  /** `<data directory>/node`, absolute. */
  readonly root: string
  /** Names this node's cgroups and the short state folder: 8 hex digits of the path's hash. */
  readonly id: string
  readonly containerdRoot: string
  readonly containerdState: string
  readonly containerdConfig: string
  readonly containerdSocket: string
  readonly streamingCertificate: string
  readonly streamingKey: string
  readonly registryConfig: string
  readonly pods: string
  readonly logs: string
  readonly pki: string
  readonly cniConfig: string
  readonly cniState: string
  readonly seccomp: string
  /** Records of the credentials that pulled the images. */
  readonly pullRecords: string
  /** The node's key as a witness of audit logs, and what it cosigned. */
  readonly witness: string
  /** Images of volumes, encrypted. */
  readonly volumes: string
  /** Where volumes are mounted. */
  readonly volumeMounts: string
  /** Records of CSI volumes, and where drivers stage them. */
  readonly csi: string
  /** Where CSI drivers put their sockets, by convention. */
  readonly plugins: string
  /** Where CSI drivers register. */
  readonly pluginsRegistry: string
}

/** sockaddr_un holds 108 bytes with the final NUL; containerd adds `.ttrpc` to its socket's name. */
const maxSocketLength = 107

/** Returns paths only and creates nothing. A state folder whose sockets would not fit moves to `/run/bulkhead-<id>`. */
export function nodeDirectory(directory: string): NodeDirectory {
  const root = resolve(directory)
  const id = createHash('sha256').update(root).digest('hex').slice(0, 8)
  const near = join(root, 'containerd', 'state')
  const state = Buffer.byteLength(join(near, 'containerd.sock.ttrpc')) <= maxSocketLength ? near : `/run/bulkhead-${id}`
  return {
    root,
    id,
    containerdRoot: join(root, 'containerd', 'root'),
    containerdState: state,
    containerdConfig: join(root, 'containerd', 'config.toml'),
    containerdSocket: join(state, 'containerd.sock'),
    streamingCertificate: join(state, 'streaming.crt'),
    streamingKey: join(state, 'streaming.key'),
    registryConfig: join(root, 'containerd', 'registries'),
    pods: join(root, 'pods'),
    logs: join(root, 'logs', 'pods'),
    pki: join(root, 'pki'),
    cniConfig: join(root, 'cni', 'config'),
    cniState: join(root, 'cni', 'state'),
    seccomp: join(root, 'seccomp'),
    pullRecords: join(root, 'pull-records.json'),
    witness: join(root, 'witness'),
    volumes: join(root, 'volumes'),
    volumeMounts: join(root, 'volume-mounts'),
    csi: join(root, 'csi'),
    plugins: join(root, 'plugins'),
    pluginsRegistry: join(root, 'plugins_registry'),
  }
}
